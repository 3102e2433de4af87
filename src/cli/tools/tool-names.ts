/** What the command can do besides serving. */
export const toolNames = ['chat', 'check', 'record', 'replay'] as const
export type ToolName = (typeof toolNames)[number]

/** The tool that a command line asks for; undefined where it asks for something else. */
export function toolNamed([word]: readonly string[]): ToolName | undefined {
  return toolNames.find((name) => name === word)
}
