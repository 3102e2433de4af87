import { loadTool } from '../../cli/tools/tools.ts'
import { hostFacts } from './host-facts.ts'
import { addressOf, bypassProxyForLoopback, exitWithError, listenError } from './process.ts'
import type { Runtime } from './runtime.ts'
import { processTerminal } from './terminal.ts'

/** Milliseconds within which a request's body has to arrive. */
const BODY_TIMEOUT = 30_000

/** Runs the tool that the command line names, and ends the process. */
export async function runTool(runtime: Runtime, args: readonly string[]): Promise<never> {
  const tool = await loadTool(args).catch(exitWithError)
  const host = hostFacts(runtime, { ...process.env })
  bypassProxyForLoopback(process.env)
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.on(signal, () => {
      // The first signal lets the tool finish; the second one ends the process at once.
      if (stop.signal.aborted) process.exit(130)
      stop.abort()
    })
  }
  const { out, err } = processTerminal
  const code = await tool
    .run(args.slice(1), {
      runtime: runtime.name,
      fetch: runtime.fetch ?? ((url, init) => fetch(url, init)),
      ...{ out, err, host, signal: stop.signal },
      async serve({ fetch, host, port }) {
        const options = { fetch, port, hostname: host, tls: undefined, bodyTimeout: BODY_TIMEOUT }
        const httpServer = await runtime
          .listen(options)
          .catch((error: unknown) => Promise.reject(listenError(error, { host, port })))
        return addressOf(host, httpServer.port)
      },
    })
    .catch(exitWithError)
  await Promise.all([flushed(process.stdout), flushed(process.stderr)])
  process.exit(code)
}

/** Resolves when all output has been written: a process that exits earlier loses the rest. */
function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed) resolve()
    else stream.write('', () => resolve())
  })
}
