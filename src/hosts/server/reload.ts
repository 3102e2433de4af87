import { setInterval } from 'node:timers/promises'
import type { ServeCommand } from '../../cli/command.ts'
import { stampOf } from '../../cli/settings-file.ts'
import type { Settings } from '../../settings/settings.ts'
import { fixedSettings } from '../../settings/support.ts'
import { terminalLine } from '../../util/safe/terminal.ts'
import type { Terminal } from './terminal.ts'

/** Milliseconds between two checks of the settings file. */
const INTERVAL = 1_000

/**
 * After it has resolved, applies the settings again when their file changes, and on SIGHUP. Errors in
 * them are reported, and the server keeps the settings it has.
 */
export async function followSettings(
  { file, stamp, settings, read }: ServeCommand,
  apply: (settings: Settings) => Promise<void> | void,
  { err }: Terminal,
): Promise<void> {
  if (file === undefined) return
  const shownFile = terminalLine(file)

  const kept: Record<string, unknown> = Object.fromEntries(
    fixedSettings().map((name) => [name, settings[name as keyof Settings]]),
  )

  async function reload(): Promise<void> {
    try {
      const { settings: next, warnings } = await read()
      await apply({ ...next, ...kept })
      const changed = Object.keys(kept).filter(
        (name) => JSON.stringify(next[name as keyof Settings]) !== JSON.stringify(kept[name]),
      )
      const rest = changed.length > 0 ? ` (${changed.join(', ')}: only after a restart)` : ''
      err.write(`sluice: ${shownFile} was read again, and its settings are in force${rest}\n`)
      for (const warning of warnings) err.write(`sluice: ${terminalLine(warning)}\n`)
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      err.write(`sluice: ${terminalLine(why)} The settings in force do not change.\n`)
    }
  }

  const reloadOnce = oneAtATime(reload)
  // On a terminal that signal means that its window was closed.
  if (!(await err.isTerminal())) process.on('SIGHUP', () => void reloadOnce())
  void whenChanged(file, stamp, reloadOnce)
}

/**
 * Runs `act` once more where it was asked for meanwhile: reading takes time, and of two that run at
 * once the older settings could be put in force last.
 */
function oneAtATime(act: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined
  let isWanted = false
  const run = async () => {
    while (isWanted) {
      isWanted = false
      await act()
    }
    running = undefined
  }
  return () => {
    isWanted = true
    running ??= run()
    return running
  }
}

/** Polls: the system's own notifications differ, and miss a file that is replaced. */
async function whenChanged(
  file: string,
  first: string | undefined,
  act: () => Promise<void>,
): Promise<void> {
  let known = first
  for await (const _ of setInterval(INTERVAL, undefined, { ref: false })) {
    const stamp = await stampOf(file)
    if (stamp === known) continue
    known = stamp
    await act()
  }
}
