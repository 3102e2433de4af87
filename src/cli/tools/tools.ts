/** The tools, each loaded only when it is used. The server imports only their names. */
import type { CliTool } from './tool.ts'
import { type ToolName, toolNamed } from './tool-names.ts'

const tools: Readonly<Record<ToolName, () => Promise<{ tool: CliTool }>>> = {
  chat: () => import('./chat.ts'),
  check: () => import('./check.ts'),
  doctor: () => import('./doctor.ts'),
  pair: () => import('./pair.ts'),
  record: () => import('./record.ts'),
  replay: () => import('./replay.ts'),
  top: () => import('./top.ts'),
}

/** The tool that a command line names. */
export async function loadTool(args: readonly string[]): Promise<CliTool> {
  const name = toolNamed(args)
  if (name === undefined) throw new TypeError(`there is no tool ${args[0]}`)
  return (await tools[name]()).tool
}
