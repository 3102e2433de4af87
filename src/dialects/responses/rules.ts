/**
 * How the tools and items of a Responses request are translated to a chat request, by their type.
 * `docs/tools.md` shows these tables.
 */
import { isObject } from '../../util/object.ts'
import type { ToolRule, Typed } from '../tools/rule.ts'
import * as client from './client-tools.ts'

const PROVIDER_ONLY = "Only a provider's servers run it."
const CALL = 'The call of the function that replaces the tool.'
const RESULT = 'The result of that call.'

const byClient = {
  words: '`execution: "client"`',
  holds: ({ execution }: Typed) => execution === 'client',
}

/** Without an environment, the client runs the shell. */
const inNoContainer = {
  words: 'the `environment` is not a container',
  holds: ({ environment }: Typed) => !isObject(environment) || environment.type === 'local',
}

const leftOut = (type: string, how = PROVIDER_ONLY) =>
  ({ type, handling: 'left out', description: how }) as const

function clientTool(
  type: string,
  translation: client.ResponsesClientTool,
  condition?: ToolRule['condition'],
): ToolRule<client.ResponsesClientTool> {
  const description = `A function \`${translation.name}\`; its calls become \`${translation.call}\` items.`
  return { type, ...(condition && { condition }), handling: 'translated', description, translation }
}

export const TOOLS: readonly ToolRule<client.ResponsesClientTool>[] = [
  { type: 'function', handling: 'passed', description: 'A function.' },
  {
    type: 'custom',
    handling: 'translated',
    description:
      'A function with one string argument, `input`; its calls become `custom_tool_call` items, which are streamed. Local servers rarely accept `custom` tools in chat, so a grammar is added to the description.',
  },
  {
    type: 'namespace',
    handling: 'translated',
    description:
      'A function for each of its tools, named `NAMESPACE__TOOL`; its calls have `namespace` and `name`.',
  },
  clientTool('tool_search', client.toolSearch, byClient),
  clientTool('local_shell', client.localShell),
  clientTool('shell', client.shell, inNoContainer),
  clientTool('apply_patch', client.applyPatch),
  clientTool('computer', client.computer),
  clientTool('computer_use*', client.computerPreview),
  leftOut(
    'tool_search',
    `${PROVIDER_ONLY} Tools with \`defer_loading\` are then offered immediately.`,
  ),
  leftOut('shell', PROVIDER_ONLY),
  leftOut('web_search*'),
  leftOut('file_search'),
  leftOut('code_interpreter'),
  leftOut('image_generation'),
  leftOut(
    'mcp',
    `${PROVIDER_ONLY} The tools of an MCP server that the client connects to itself are functions.`,
  ),
  leftOut('programmatic_tool_calling'),
  leftOut('*', 'sluice does not know the tool, so it cannot describe it to a model.'),
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

function items(tool: client.ResponsesClientTool, condition?: ToolRule['condition']): ItemRule[] {
  const more = condition && { condition }
  return [
    {
      type: tool.call,
      ...more,
      handling: 'translated',
      description: CALL,
      translation: { call: tool },
    },
    {
      type: tool.result,
      ...more,
      handling: 'translated',
      description: RESULT,
      translation: { result: tool },
    },
  ]
}

const translated = (type: string, translation: ItemTranslation, description: string): ItemRule => {
  return { type, handling: 'translated', description, translation }
}

export const ITEMS: readonly ItemRule[] = [
  { type: 'message', handling: 'passed', description: 'A message.' },
  {
    type: 'reasoning',
    handling: 'passed',
    description: 'The reasoning of the assistant.',
  },
  { type: 'item_reference', handling: 'passed', description: 'The stored item that it names.' },
  { type: 'function_call', handling: 'passed', description: 'A call.' },
  {
    type: 'function_call_output',
    handling: 'passed',
    description:
      'The text of the result. Its images and files follow in a user message. Without a `call_id`, a user message that names the tool.',
  },
  translated('custom_tool_call', 'custom call', CALL),
  translated('custom_tool_call_output', 'custom result', RESULT),
  ...items(client.toolSearch, byClient),
  ...items(client.localShell),
  ...items(client.shell),
  ...items(client.applyPatch),
  ...items(client.computer),
  translated('tool_search_output', 'tools', 'Its tools are offered.'),
  translated('additional_tools', 'tools', 'Its tools are offered.'),
  translated('mcp_call', 'mcp call', 'A call and its result.'),
  translated(
    'agent_message',
    'agent',
    'A user message that starts with the name of its author. Parts that a provider encrypted are left out.',
  ),
  translated(
    'compaction_trigger',
    'trigger',
    'As the last item: the model summarizes the conversation, and the answer becomes a `compaction` item.',
  ),
  translated('compaction*', 'summary', 'The summary, if sluice wrote it; any other is refused.'),
  translated('context_compaction', 'summary', 'The same.'),
  leftOut('web_search_call', 'What was found is in the answer after it.'),
  leftOut('file_search_call', 'What was found is in the answer after it.'),
  leftOut('code_interpreter_call', 'Its result is in the answer after it.'),
  leftOut('image_generation_call', 'A chat has no images of the assistant.'),
  leftOut('tool_search_call', "A search by a provider's servers."),
  leftOut('mcp_*', "Calls from a provider's servers to MCP servers."),
  leftOut('program*', "Code that a provider's servers ran."),
  leftOut('configuration_update', 'A chat request has only one configuration.'),
  leftOut('*', 'sluice does not know the item.'),
]
