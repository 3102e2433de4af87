import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { formatEntry, type LogForm, logForm } from '../cli/log.ts'
import { toolNamed } from '../cli/tools/tool-names.ts'
import { requireKnownCallers } from '../guard/origin.ts'
import type { LogEntry } from '../platform/log.ts'
import type { Settings } from '../settings/settings.ts'
import { requireObjects } from '../settings/state-url.ts'
import { requireSupport } from '../settings/support.ts'
import { WORKERD_DEFAULTS } from '../settings/workerd-defaults.ts'
import { terminalLine } from '../util/safe/terminal.ts'
import { VERSION } from '../version.ts'
import { moduleUrl } from './location.ts'
import { commandOf } from './server/command.ts'
import { exposureOf, requireProtection } from './server/exposure.ts'
import {
  addressOf,
  exitOnSignal,
  exitWithError,
  logUnhandledRejections,
  onSignal,
} from './server/process.ts'
import { followSettings } from './server/reload.ts'
import { reportEngines } from './server/report-engines.ts'
import { processTerminal as terminal } from './server/terminal.ts'
import { readTls } from './server/tls.ts'
import { endWorkerd, startWorkerd, type Workerd } from './workerd/process.ts'

/**
 * The `sluice` command on workerd. A worker receives no flags and no signals, so this process reads the
 * settings, starts workerd with them, prints its output and stops it.
 */
export async function main(args: readonly string[] = process.argv.slice(2)): Promise<void> {
  if (toolNamed(args)) return (await tools()).main(args)
  const command = await commandOf(args, WORKERD_DEFAULTS)
  if (command === undefined) return
  const { settings } = command
  protect(settings)
  logUnhandledRejections(terminal)
  const form = logForm(settings.log, await terminal.out.isTerminal())
  const folder = mkdtempSync(join(tmpdir(), 'sluice-'))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  const log = form === 'none' ? form : 'json'
  const tls = await readTls(settings).catch(exitWithError)
  const endWithTerminal = exitOnSignal({ SIGHUP: 129 })
  const handOver = exitOnSignal({ SIGINT: 130, SIGTERM: 143 })
  const workerd = await startWorkerd({ ...settings, log }, folder, tls).catch(exitWithError)
  let stopping = false
  workerd.process.once('exit', (code, signal) => {
    if (stopping) return
    const status = signal ?? `exit code ${code}`
    terminal.err.write(
      `sluice: workerd exited unexpectedly (${status}), and every stream with it; start sluice again.\n`,
    )
    process.exit(1)
  })
  onSignal(() => {
    stopping = true
    return endWorkerd(workerd, settings.grace)
  })
  handOver()
  forwardOutput(workerd, form)
  const startup = {
    name: `sluice ${VERSION} on workerd`,
    address: addressOf(settings.host, workerd.port, tls !== undefined),
    open: exposureOf(settings.host) === 'anyone',
    keys: settings.keys.length,
    discover: settings.discover,
    passThrough: settings.passThrough,
    alias: settings.alias,
    warnings: [...command.warnings, ...workerd.warnings],
  }
  await followSettings(command, workerd.reload, terminal)
  // Without a terminal, the signal has the settings read again.
  if (process.listenerCount('SIGHUP') > 1) endWithTerminal()
  await reportEngines(terminal, workerd.refresh, startup)
}

/** They need no worker, and run on Node. By URL, so that bundling leaves them in files of their own. */
function tools(): Promise<typeof import('./node.ts')> {
  return import(moduleUrl('hosts/node').href)
}

function protect(settings: Settings): void {
  try {
    requireSupport(settings, 'workerd')
    requireObjects(settings.state)
    requireProtection(settings)
    // The worker would refuse them only after it has started.
    requireKnownCallers(settings, {})
  } catch (error) {
    exitWithError(error)
  }
}

/** Prints the worker's log lines in the configured form, and its other output unchanged. */
function forwardOutput({ stdout, stderr }: Workerd, form: LogForm): void {
  stderr.pipe(process.stderr, { end: false })
  createInterface({ input: stdout }).on('line', (line) => {
    const entry = form === 'text' ? readEntry(line) : undefined
    terminal.out.write(`${entry ? formatEntry(entry, 'text') : terminalLine(line)}\n`)
  })
}

function readEntry(line: string): LogEntry | undefined {
  try {
    const value: unknown = JSON.parse(line)
    const isEntry = typeof value === 'object' && value !== null && 'outcome' in value
    return isEntry ? (value as LogEntry) : undefined
  } catch {
    return undefined
  }
}

if (import.meta.main) void main()
