/** What a process that serves, or runs a tool, does with its signals, environment and errors. */
import { asCalled, programOf } from '../../cli/program.ts'
import { type Settings, SettingsError } from '../../settings/settings.ts'
import { stackText } from '../../util/safe/stack.ts'
import { terminalLine } from '../../util/safe/terminal.ts'
import { isCheckout, moduleUrl } from '../location.ts'
import type { Terminal } from './terminal.ts'

/**
 * Milliseconds within which a second signal is a copy of the first: a terminal sends Ctrl-C to every
 * process of its group, and a parent such as npm passes its own on.
 */
const duplicateWindow = 300

/**
 * Ends the process with code 2 and one line for an error in the settings, and with code 1 and a stack
 * for any other error.
 */
export function exitWithError(error: unknown): never {
  if (error instanceof SettingsError) {
    process.stderr.write(`sluice: ${terminalLine(asCalled(error.message, programHere()))}\n`)
    process.exit(2)
  }
  process.stderr.write(`sluice: ${stackText(error)}\n`)
  process.exit(1)
}

/** How this process was called. */
function programHere(): string {
  return programOf({ location: moduleUrl('version').href, isCheckout, env: process.env })
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
            process.stderr.write(`sluice: shutdown failed: ${stackText(error)}\n`)
            process.exit(1)
          },
        )
      } else if (performance.now() - first > duplicateWindow) process.exit(code)
    })
  }
}

/**
 * Lets a signal end the process in such a way that what waits for its exit runs, which ends the processes that
 * it has started: a signal that nothing handles would leave them running. Returns what ends that.
 */
export function exitOnSignal(codes: Readonly<Record<string, number>>): () => void {
  const ends = Object.entries(codes).map(([signal, code]) => {
    const exit = () => process.exit(code)
    process.on(signal, exit)
    return () => process.off(signal, exit)
  })
  return () => {
    for (const end of ends) end()
  }
}

/** Excepts this machine from the proxy that the environment names: servers here are asked directly. */
export function bypassProxyForLoopback(env: Record<string, string | undefined>): void {
  const given = env.NO_PROXY || env.no_proxy
  const hosts = ['localhost', '127.0.0.1', '::1', ...(given ? [given] : [])].join(',')
  env.NO_PROXY = hosts
  env.no_proxy = hosts
}

/** Logs unhandled rejections, which would otherwise end the process and with it every stream. */
export function logUnhandledRejections({ err }: Terminal): void {
  process.on('unhandledRejection', (reason) => {
    err.write(`sluice: unhandled error: ${stackText(reason)}\n`)
  })
}

/** The `SettingsError` for a port or an address at which the process cannot listen. */
export function listenError(
  error: unknown,
  { host, port, reusePort }: Pick<Settings, 'host' | 'port'> & Partial<Pick<Settings, 'reusePort'>>,
): SettingsError {
  const { code } = error as { code?: unknown }
  const noAddress = `host: expected an address of this machine, got ${host}; choose another with --host.`
  const sharing = reusePort
    ? 'by a program that does not share it; start each sluice there with --reuse-port and as the same user'
    : 'stop the program that uses it'
  const reasons: Record<string, string> = {
    EADDRINUSE: `port: ${port} is already in use on ${host}${reusePort ? ' ' : '; '}${sharing}, or choose another port with --port. "${programHere()} doctor" tells which program uses it.`,
    EACCES: `port: this user may not listen on port ${port}; choose a port from 1024 with --port.`,
    EADDRNOTAVAIL: noAddress,
    // Deno has this code for the same error.
    EINVAL: noAddress,
    ENOTFOUND: noAddress,
  }
  const [text] = String(error instanceof Error ? error.message : error).split('\n')
  const other = `port: cannot listen on port ${port} of ${host} (${text}); choose another with --port or --host.`
  return new SettingsError(reasons[String(code)] ?? other)
}

/** The address for a user to open: the loopback address where the server listens on all addresses. */
export function addressOf(host: string, port: number, isSecure = false): string {
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  const scheme = isSecure ? 'https' : 'http'
  return `${scheme}://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`
}
