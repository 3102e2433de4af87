import { logForm } from '../../cli/log.ts'
import { type DenoServerOptions, readOptions, serverReader } from '../../options.ts'
import { parseSettings } from '../../settings/settings.ts'
import { terminalLine } from '../../util/safe/terminal.ts'
import type { Runtime } from './runtime.ts'
import { logWriter, type Server, start } from './serve.ts'
import { processTerminal } from './terminal.ts'

/** Starts a server with the options of a program. Rejects with a `SettingsError`. */
export async function startWith(
  runtime: Runtime,
  options: DenoServerOptions = {},
): Promise<Server> {
  const { settings, host } = readOptions(options, serverReader(runtime.place))
  const { log: own, ...lent } = host
  const { log: word = 'none' } = settings
  const { terminal = processTerminal } = runtime
  const { log: form } = parseSettings({ log: word })
  const log = own ?? logWriter(logForm(form, await terminal.out.isTerminal()), terminal)
  const tell = (text: string) => terminal.err.write(`sluice: ${terminalLine(text)}\n`)
  const told = { onStateEvent: tell, onTabEvent: tell }
  const server = await start(runtime, settings, { host: lent, log, ...told })
  for (const warning of server.warnings) terminal.err.write(`sluice: ${terminalLine(warning)}\n`)
  return server
}
