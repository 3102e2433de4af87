/**
 * The rules for each type of tool and item of a Responses request where the engine is asked in chat.
 * `docs/tools.md` shows these tables.
 */
import { isObject } from '../../util/object.ts'
import type { ToolRule, Typed } from '../tools/rule.ts'
import * as client from './client-tools.ts'

const OF_A_PROVIDER = "Only a provider's servers run it."
const CALL = 'The call of the function that stands for the tool.'
const RESULT = 'The result of that call.'

const byClient = {
  words: '`execution: "client"`',
  holds: ({ execution }: Typed) => execution === 'client',
}

/** Without an environment, the shell is the client's. */
const inNoContainer = {
  words: 'the `environment` is no container',
  holds: ({ environment }: Typed) => !isObject(environment) || environment.type === 'local',
}

const leftOut = (type: string, how = OF_A_PROVIDER) => ({ type, fate: 'left out', how }) as const

function stands(
  type: string,
  as: client.ResponsesClientTool,
  only?: ToolRule['only'],
): ToolRule<client.ResponsesClientTool> {
  const how = `A function \`${as.name}\`; its calls become \`${as.call}\` items.`
  return { type, ...(only && { only }), fate: 'translated', how, as }
}

export const TOOLS: readonly ToolRule<client.ResponsesClientTool>[] = [
  { type: 'function', fate: 'passed', how: 'A function.' },
  {
    type: 'custom',
    fate: 'translated',
    how: 'A function with one string argument, `input`; its calls become `custom_tool_call` items, streamed as they come. Local servers rarely take `custom` tools in chat, so a grammar is written into the description.',
  },
  {
    type: 'namespace',
    fate: 'translated',
    how: 'A function for each of its tools, named `NAMESPACE__TOOL`; its calls carry `namespace` and `name` again.',
  },
  stands('tool_search', client.toolSearch, byClient),
  stands('local_shell', client.localShell),
  stands('shell', client.shell, inNoContainer),
  stands('apply_patch', client.applyPatch),
  stands('computer', client.computer),
  stands('computer_use*', client.computerPreview),
  leftOut('tool_search', `${OF_A_PROVIDER} Tools with \`defer_loading\` are then offered at once.`),
  leftOut('shell', OF_A_PROVIDER),
  leftOut('web_search*'),
  leftOut('file_search'),
  leftOut('code_interpreter'),
  leftOut('image_generation'),
  leftOut(
    'mcp',
    `${OF_A_PROVIDER} The tools of an MCP server that the client asks itself come as functions.`,
  ),
  leftOut('programmatic_tool_calling'),
  leftOut('*', 'sluice does not know what such a tool does, so it cannot describe it to a model.'),
]

/** How an item is translated. */
export type ItemTranslation =
  | { call: client.ResponsesClientTool }
  | { result: client.ResponsesClientTool }
  | 'custom call'
  | 'custom result'
  | 'tools'
  | 'mcp call'
  | 'trigger'
  | 'summary'
  | 'agent'

type ItemRule = ToolRule<ItemTranslation>

function items(tool: client.ResponsesClientTool, only?: ToolRule['only']): ItemRule[] {
  const more = only && { only }
  return [
    { type: tool.call, ...more, fate: 'translated', how: CALL, as: { call: tool } },
    { type: tool.result, ...more, fate: 'translated', how: RESULT, as: { result: tool } },
  ]
}

const told = (type: string, as: ItemTranslation, how: string): ItemRule => {
  return { type, fate: 'translated', how, as }
}

export const ITEMS: readonly ItemRule[] = [
  { type: 'message', fate: 'passed', how: 'A message.' },
  { type: 'reasoning', fate: 'passed', how: 'What the assistant thought before it went on.' },
  { type: 'item_reference', fate: 'passed', how: 'The stored item that it names.' },
  { type: 'function_call', fate: 'passed', how: 'A call.' },
  {
    type: 'function_call_output',
    fate: 'passed',
    how: 'The result of a call: its text. Its images and files follow in a user message. Without a `call_id`, a user message that names the tool.',
  },
  told('custom_tool_call', 'custom call', CALL),
  told('custom_tool_call_output', 'custom result', RESULT),
  ...items(client.toolSearch, byClient),
  ...items(client.localShell),
  ...items(client.shell),
  ...items(client.applyPatch),
  ...items(client.computer),
  told('tool_search_output', 'tools', 'Its tools are offered.'),
  told('additional_tools', 'tools', 'Its tools are offered.'),
  told('mcp_call', 'mcp call', 'A call and its result.'),
  told(
    'agent_message',
    'agent',
    'A user message that begins with the name of its author. A part that a provider encrypted cannot be read; the type is then named.',
  ),
  told(
    'compaction_trigger',
    'trigger',
    'As the last item: the model is asked to summarize the conversation, and the answer becomes a `compaction` item.',
  ),
  told('compaction*', 'summary', 'The summary, where sluice gave it; any other is refused.'),
  told('context_compaction', 'summary', 'The same.'),
  leftOut('web_search_call', 'What was found is in the answer after it.'),
  leftOut('file_search_call', 'What was found is in the answer after it.'),
  leftOut('code_interpreter_call', 'What it gave is in the answer after it.'),
  leftOut('image_generation_call', 'A chat has no images from the assistant.'),
  leftOut('tool_search_call', "A search by a provider's servers."),
  leftOut('mcp_*', "What a provider's servers said to MCP servers."),
  leftOut('program*', "What a provider's servers ran."),
  leftOut('configuration_update', 'A chat request has one configuration.'),
  leftOut('*', 'sluice does not know what such an item means.'),
]
