import { readCommand, type ServeCommand } from '../../cli/command.ts'
import type { SettingsInput } from '../../settings/settings.ts'
import { exitWithError } from './process.ts'

/**
 * Reads the command line, the environment and the settings file. Where the command line asks for a
 * text such as the help, that is printed, and undefined is returned.
 */
export async function commandOf(
  args: readonly string[],
  hostDefaults: SettingsInput = {},
  build?: string,
): Promise<ServeCommand | undefined> {
  const command = await readCommand(args, hostDefaults, build).catch(exitWithError)
  if (typeof command !== 'string') return command
  process.stdout.write(command)
  return undefined
}
