/**
 * How the tools and blocks of a Messages request are translated to a chat request, by their type.
 * `docs/tools.md` shows these tables.
 */
import type { ToolRule } from '../tools/rule.ts'
import * as client from './client-tools.ts'

const PROVIDER_ONLY = "Only a provider's servers run it."

const leftOut = (type: string, how = PROVIDER_ONLY) =>
  ({ type, handling: 'left out', description: how }) as const

function clientTool(
  type: string,
  translation: client.MessagesClientTool,
): ToolRule<client.MessagesClientTool> {
  const description = `A function \`${translation.name}\`, or with the name in the request, and with the documented input.`
  return { type, handling: 'translated', description, translation }
}

export const TOOLS: readonly ToolRule<client.MessagesClientTool>[] = [
  {
    type: 'custom',
    handling: 'passed',
    description: 'A function. A tool without a type is one of these.',
  },
  clientTool('bash_*', client.bash),
  clientTool('text_editor_*', client.textEditor),
  clientTool('memory_*', client.memory),
  leftOut('computer_toolset_*', 'sluice does not know its tools; use `computer_*` instead.'),
  leftOut('browser_toolset_*', 'sluice does not know its tools.'),
  clientTool('computer_*', client.computer),
  leftOut('web_search_*'),
  leftOut('web_fetch_*'),
  leftOut('code_execution_*'),
  leftOut(
    'tool_search_tool_*',
    `${PROVIDER_ONLY} Tools with \`defer_loading\` are then offered immediately.`,
  ),
  leftOut('mcp_toolset', `${PROVIDER_ONLY} \`mcp_servers\` are left out too.`),
  leftOut('advisor_*'),
  leftOut('*', 'sluice does not know the tool, so it cannot describe it to a model.'),
]

/** Blocks of user messages and tool results. */
export const USER_BLOCKS: readonly ToolRule[] = [
  { type: 'text', handling: 'passed', description: 'A text.' },
  { type: 'image', handling: 'passed', description: 'An image. An image by `file_id` is refused.' },
  {
    type: 'document',
    handling: 'translated',
    description:
      'Texts and images, or a file. A document by URL or `file_id`, or with citations, is refused.',
  },
  {
    type: 'search_result',
    handling: 'translated',
    description: 'A text. A result with citations is refused.',
  },
  {
    type: 'tool_result',
    handling: 'translated',
    description: 'The text of the result. Its images and files follow in a user message.',
  },
  {
    type: 'tool_reference',
    handling: 'translated',
    description: 'The tool is offered from then on; a text says that it can be called.',
  },
  {
    type: '*',
    handling: 'refused',
    description:
      'Without it the model would lack something that the user sent. `container_upload` is one of these.',
  },
]

export const ASSISTANT_BLOCKS: readonly ToolRule[] = [
  { type: 'text', handling: 'passed', description: 'A text.' },
  { type: 'thinking', handling: 'passed', description: 'The reasoning of the assistant.' },
  { type: 'tool_use', handling: 'passed', description: 'A call.' },
  { type: 'compaction', handling: 'translated', description: 'A text: the summary.' },
  leftOut(
    'redacted_thinking',
    'Only the provider that encrypted it can read it. The log does not name it.',
  ),
  leftOut('server_tool_use', "A call that a provider's servers made."),
  leftOut('mcp_*', "Calls from a provider's servers to MCP servers."),
  leftOut('*_tool_result', "The text after it has what a provider's servers found."),
  leftOut('*', 'sluice does not know the block.'),
]
