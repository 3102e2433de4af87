/**
 * The rules for each type of tool and block of a Messages request where the engine is asked in chat.
 * `docs/tools.md` shows these tables.
 */
import type { ToolRule } from '../tools/rule.ts'
import * as client from './client-tools.ts'

const OF_A_PROVIDER = "Only a provider's servers run it."

const leftOut = (type: string, how = OF_A_PROVIDER) => ({ type, fate: 'left out', how }) as const

function stands(type: string, as: client.MessagesClientTool): ToolRule<client.MessagesClientTool> {
  const how = `A function \`${as.name}\`, or as the request names it, with the documented input.`
  return { type, fate: 'translated', how, as }
}

export const TOOLS: readonly ToolRule<client.MessagesClientTool>[] = [
  { type: 'custom', fate: 'passed', how: 'A function. A tool without a type is one of these.' },
  stands('bash_*', client.bash),
  stands('text_editor_*', client.textEditor),
  stands('memory_*', client.memory),
  leftOut('computer_toolset_*', 'sluice does not know its tools; `computer_*` works.'),
  leftOut('browser_toolset_*', 'sluice does not know its tools.'),
  stands('computer_*', client.computer),
  leftOut('web_search_*'),
  leftOut('web_fetch_*'),
  leftOut('code_execution_*'),
  leftOut(
    'tool_search_tool_*',
    `${OF_A_PROVIDER} Tools with \`defer_loading\` are then offered at once.`,
  ),
  leftOut('mcp_toolset', `${OF_A_PROVIDER} So are \`mcp_servers\`.`),
  leftOut('advisor_*'),
  leftOut('*', 'sluice does not know what such a tool does, so it cannot describe it to a model.'),
]

/** Blocks of the user, and in the results of tools. */
export const USER_BLOCKS: readonly ToolRule[] = [
  { type: 'text', fate: 'passed', how: 'A text.' },
  { type: 'image', fate: 'passed', how: 'An image. One by `file_id` is refused.' },
  {
    type: 'document',
    fate: 'translated',
    how: 'Texts and images, or a file. One by URL or `file_id`, or to be cited, is refused.',
  },
  { type: 'search_result', fate: 'translated', how: 'A text. One to be cited is refused.' },
  {
    type: 'tool_result',
    fate: 'translated',
    how: 'The result of a call: its text. Its images and files follow in a user message.',
  },
  {
    type: 'tool_reference',
    fate: 'translated',
    how: 'The tool is offered from then on; a text tells the model that it can be called.',
  },
  {
    type: '*',
    fate: 'refused',
    how: 'The model would answer without something that the user gave it. `container_upload` is one of these.',
  },
]

export const ASSISTANT_BLOCKS: readonly ToolRule[] = [
  { type: 'text', fate: 'passed', how: 'A text.' },
  { type: 'thinking', fate: 'passed', how: 'What the assistant thought.' },
  { type: 'tool_use', fate: 'passed', how: 'A call.' },
  { type: 'compaction', fate: 'translated', how: 'A text: the summary.' },
  leftOut(
    'redacted_thinking',
    'Only the provider that wrote it can read it. The log does not name it.',
  ),
  leftOut('server_tool_use', "A call by a provider's servers."),
  leftOut('mcp_*', "What a provider's servers said to MCP servers."),
  leftOut('*_tool_result', "What a provider's servers found is in the text after it."),
  leftOut('*', 'sluice does not know what such a block means.'),
]
