/**
 * The rules for each type of tool and block of a Messages request where the engine is asked in chat.
 * `docs/tools.md` shows these tables.
 */
import type { Rule } from '../tools/rule.ts'
import * as client from './client-tools.ts'

const PROVIDER_ONLY = "Only a provider's servers run it."

const leftOut = (type: string, how = PROVIDER_ONLY) =>
  ({ type, handling: 'left out', description: how }) as const

function clientTool(type: string, translation: client.ClientTool): Rule<client.ClientTool> {
  const description = `A function \`${translation.name}\`, or as the request names it, with the documented input.`
  return { type, handling: 'translated', description, translation }
}

export const TOOLS: readonly Rule<client.ClientTool>[] = [
  {
    type: 'custom',
    handling: 'passed',
    description: 'A function. A tool without a type is one of these.',
  },
  clientTool('bash_*', client.bash),
  clientTool('text_editor_*', client.textEditor),
  clientTool('memory_*', client.memory),
  leftOut('computer_toolset_*', 'sluice does not know its tools; `computer_*` works.'),
  leftOut('browser_toolset_*', 'sluice does not know its tools.'),
  clientTool('computer_*', client.computer),
  leftOut('web_search_*'),
  leftOut('web_fetch_*'),
  leftOut('code_execution_*'),
  leftOut(
    'tool_search_tool_*',
    `${PROVIDER_ONLY} Tools with \`defer_loading\` are then offered at once.`,
  ),
  leftOut('mcp_toolset', `${PROVIDER_ONLY} So are \`mcp_servers\`.`),
  leftOut('advisor_*'),
  leftOut('*', 'sluice does not know what such a tool does, so it cannot describe it to a model.'),
]

/** Blocks of the user, and in the results of tools. */
export const USER_BLOCKS: readonly Rule[] = [
  { type: 'text', handling: 'passed', description: 'A text.' },
  { type: 'image', handling: 'passed', description: 'An image. One by `file_id` is refused.' },
  {
    type: 'document',
    handling: 'translated',
    description:
      'Texts and images, or a file. One by URL or `file_id`, or to be cited, is refused.',
  },
  {
    type: 'search_result',
    handling: 'translated',
    description: 'A text. One to be cited is refused.',
  },
  {
    type: 'tool_result',
    handling: 'translated',
    description: 'The result of a call: its text. Its images and files follow in a user message.',
  },
  {
    type: 'tool_reference',
    handling: 'translated',
    description: 'The tool is offered from then on; a text tells the model that it can be called.',
  },
  {
    type: '*',
    handling: 'refused',
    description:
      'The model would answer without something that the user gave it. `container_upload` is one of these.',
  },
]

export const ASSISTANT_BLOCKS: readonly Rule[] = [
  { type: 'text', handling: 'passed', description: 'A text.' },
  { type: 'thinking', handling: 'passed', description: 'What the assistant thought.' },
  { type: 'tool_use', handling: 'passed', description: 'A call.' },
  { type: 'compaction', handling: 'translated', description: 'A text: the summary.' },
  leftOut(
    'redacted_thinking',
    'Only the provider that wrote it can read it. The log does not name it.',
  ),
  leftOut('server_tool_use', "A call by a provider's servers."),
  leftOut('mcp_*', "What a provider's servers said to MCP servers."),
  leftOut('*_tool_result', "What a provider's servers found is in the text after it."),
  leftOut('*', 'sluice does not know what such a block means.'),
]
