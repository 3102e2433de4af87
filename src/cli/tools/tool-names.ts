/** The commands besides `serve` that have options of their own. */
export const toolNames = ['chat', 'check', 'doctor', 'pair', 'record', 'replay', 'top'] as const
export type ToolName = (typeof toolNames)[number]

/** The tool that a command line names, if it names one. */
export function toolNamed([word]: readonly string[]): ToolName | undefined {
  return toolNames.find((name) => name === word)
}
