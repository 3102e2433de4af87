import { setInterval } from 'node:timers/promises'
import { type ServeCommand, stampOf } from '../../cli/command.ts'
import { printable } from '../../cli/log.ts'
import type { Settings } from '../../settings/settings.ts'
import type { Terminal } from './terminal.ts'

/** Milliseconds between two looks at the settings file. */
const EVERY = 1_000

/** What a server that runs can't change. */
const FIXED = [
  'port',
  'host',
  'tlsCert',
  'tlsKey',
  'engine',
  'webgpu',
  'webgpuModels',
  'webgpuMemory',
  'webgpuQueue',
  'webgpuIdle',
  'log',
] as const satisfies (keyof Settings)[]

/**
 * From when it resolves on, applies the settings anew when their file changes, and on SIGHUP. What is
 * wrong is told, and the settings that were in force stay.
 */
export async function followSettings(
  { file, stamp, settings, read }: ServeCommand,
  apply: (settings: Settings) => Promise<void> | void,
  { err }: Terminal,
): Promise<void> {
  if (file === undefined) return

  async function reload(): Promise<void> {
    try {
      const { settings: next, warnings } = await read()
      await apply({ ...next, ...pick(settings) })
      const fixed = FIXED.filter(
        (name) => JSON.stringify(next[name]) !== JSON.stringify(settings[name]),
      )
      const rest = fixed.length > 0 ? ` (${fixed.join(', ')}: not before a restart)` : ''
      err.write(`sluice: ${file} was read anew, and is in force${rest}\n`)
      for (const warning of warnings) err.write(`sluice: ${printable(warning)}\n`)
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      err.write(`sluice: ${printable(why)} The settings that were in force stay.\n`)
    }
  }

  // On a terminal that signal says that its window was closed.
  if (!(await err.isTerminal())) process.on('SIGHUP', () => void reload())
  void whenChanged(file, stamp, reload)
}

/** By looking, not by the system's notices: those differ, and miss a file that is replaced. */
async function whenChanged(
  file: string,
  first: string | undefined,
  act: () => Promise<void>,
): Promise<void> {
  let known = first
  for await (const _ of setInterval(EVERY, undefined, { ref: false })) {
    const stamp = await stampOf(file)
    if (stamp === known) continue
    known = stamp
    await act()
  }
}

function pick(settings: Settings): Partial<Settings> {
  return Object.fromEntries(FIXED.map((name) => [name, settings[name]]))
}
