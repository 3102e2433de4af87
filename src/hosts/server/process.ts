/** What a process that serves, or runs a tool, does with its signals, environment and errors. */
import { type Settings, SettingsError } from '../../settings/settings.ts'
import type { Terminal } from './terminal.ts'

/** A signal that comes twice within this time was sent once and passed on by a parent as well. */
const echo = 300

/** Ends the process: with code 2 and one line for what the person can repair, with 1 for the rest. */
export function refuse(error: unknown): never {
  if (error instanceof SettingsError) {
    process.stderr.write(`sluice: ${error.message}\n`)
    process.exit(2)
  }
  process.stderr.write(`sluice: ${error instanceof Error ? error.stack : String(error)}\n`)
  process.exit(1)
}

/** Runs `stop` at the first SIGINT or SIGTERM and exits with 0; a second one exits at once. */
export function onSignal(stop: () => Promise<void>): void {
  let first = 0
  const codes = { SIGINT: 130, SIGTERM: 143 }
  for (const [signal, code] of Object.entries(codes)) {
    process.on(signal, () => {
      if (first === 0) {
        first = performance.now()
        stop().then(
          () => process.exit(0),
          (error: unknown) => {
            process.stderr.write(`sluice: it did not stop cleanly: ${String(error)}\n`)
            process.exit(1)
          },
        )
      } else if (performance.now() - first > echo) process.exit(code)
    })
  }
}

/** A proxy that the environment names must not be asked for servers on this machine. */
export function bypassProxy(env: Record<string, string | undefined>): void {
  const given = env.NO_PROXY || env.no_proxy
  const hosts = ['localhost', '127.0.0.1', '::1', ...(given ? [given] : [])].join(',')
  env.NO_PROXY = hosts
  env.no_proxy = hosts
}

/** One stray rejection must not end every stream. */
export function survive({ err }: Terminal): void {
  process.on('unhandledRejection', (reason) => {
    const told = reason instanceof Error ? (reason.stack ?? reason.message) : String(reason)
    err.write(`sluice: an error that nothing caught: ${told}\n`)
  })
}

/** Why it can't listen, as something the person can repair. */
export function explain(error: unknown, { host, port }: Pick<Settings, 'host' | 'port'>): Error {
  const { code } = error as { code?: unknown }
  const reasons: Record<string, string> = {
    EADDRINUSE: `port ${port} is in use on ${host}; choose another with --port.`,
    EACCES: `port ${port} needs more rights than this process has; choose another with --port.`,
    EADDRNOTAVAIL: `${host} is no address of this machine; choose another with --host.`,
    // What Deno says of the same.
    EINVAL: `${host} is no address of this machine; choose another with --host.`,
    ENOTFOUND: `${host} is no address of this machine; choose another with --host.`,
  }
  const reason = reasons[String(code)]
  const [told] = String(error instanceof Error ? error.message : error).split('\n')
  return new SettingsError(reason ?? `can't listen on port ${port} of ${host}: ${told}`)
}

/** The address for a person to use: the loopback one, where it listens at every address. */
export function addressOf(host: string, port: number, isSecure = false): string {
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  const scheme = isSecure ? 'https' : 'http'
  return `${scheme}://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`
}
