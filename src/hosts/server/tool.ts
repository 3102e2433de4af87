import { loadTool } from '../../cli/tools/tools.ts'
import { addressOf, bypassProxy, explain, refuse } from './process.ts'
import type { Runtime } from './runtime.ts'
import { processTerminal } from './terminal.ts'

/** Milliseconds in which a request has to come whole. */
const BODY_TIMEOUT = 30_000

/** Runs the tool that the command line asks for, and ends the process. */
export async function runTool(runtime: Runtime, args: readonly string[]): Promise<never> {
  const tool = await loadTool(args).catch(refuse)
  bypassProxy(process.env)
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.on(signal, () => {
      // The second time it is meant.
      if (stop.signal.aborted) process.exit(130)
      stop.abort()
    })
  }
  const { out, err } = processTerminal
  const code = await tool
    .run(args.slice(1), {
      runtime: runtime.name,
      fetch: runtime.fetch ?? ((url, init) => fetch(url, init)),
      ...{ out, err, signal: stop.signal },
      async serve({ fetch, host, port }) {
        const options = { fetch, port, hostname: host, tls: undefined, bodyTimeout: BODY_TIMEOUT }
        const listener = await runtime
          .listen(options)
          .catch((error: unknown) => Promise.reject(explain(error, { host, port })))
        return addressOf(host, listener.port)
      },
    })
    .catch(refuse)
  await Promise.all([drained(process.stdout), drained(process.stderr)])
  process.exit(code)
}

/** All that was written is on its way: a process that ends loses what is not. */
function drained(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed) resolve()
    else stream.write('', () => resolve())
  })
}
