import { ASSISTANT_BLOCKS, TOOLS as MESSAGE_TOOLS, USER_BLOCKS } from '../messages/rules.ts'
import { ITEMS, TOOLS as RESPONSE_TOOLS } from '../responses/rules.ts'
import type { ToolRule } from './rule.ts'

/** The tables as a Markdown page. */
export function toolsPage(): string {
  const parts = [
    INTRODUCTION,
    '## Responses: tools',
    RESPONSES,
    tableOf(RESPONSE_TOOLS),
    '## Responses: items of a conversation',
    tableOf(ITEMS),
    '## Messages: tools',
    tableOf(MESSAGE_TOOLS),
    "## Messages: the user's blocks, and blocks in the result of a tool",
    tableOf(USER_BLOCKS),
    "## Messages: the assistant's blocks",
    tableOf(ASSISTANT_BLOCKS),
  ]
  return `${parts.join('\n\n')}\n`
}

function tableOf(rules: readonly ToolRule<unknown>[]): string {
  const rows = rules.map(({ type, only, fate, how }) => {
    const where = type === '*' ? 'any other' : `\`${type}\``
    return `| ${where}${only ? `, where ${only.words}` : ''} | ${fate} | ${how} |`
  })
  return ['| type | what becomes of it | how |', '|---|---|---|', ...rows].join('\n')
}

const INTRODUCTION = `# Tools, items and blocks

<!-- Written by scripts/tools.mjs from the tables in src/dialects: change it there. -->

How sluice translates Responses and Messages requests for an engine that is asked in chat. An upstream that speaks the API itself (\`speaks\`) gets tools, items and blocks as they came.

- **passed**: a chat request has the same.
- **translated**: the chat request has something else in its place, and the client gets calls in the type that it declared.
- **left out**: the engine does not get it. The log line names the type (\`omittedTools\`), and so does the response header \`x-sluice-omitted-tools\` if it is known before the headers go out.
- **refused**: the request is refused with 400, and the message names the field.

sluice runs no tools itself. Tools that the client runs are offered to the model if sluice knows their input; tools that only a provider's servers run, and tools of unknown types, are left out. A request whose \`tool_choice\` forces a tool that is left out is refused with 400. Claude Code's WebSearch offers the model \`web_search\` alone and takes whatever it answers for search results: deny it in its settings (\`"permissions": {"deny": ["WebSearch"]}\`).

A tool with \`defer_loading\` is offered once the client's search has found it (a \`tool_search_output\` item, a \`tool_reference\` block), it was called, or it is forced. It is offered at once where the client cannot search: in Responses without a client-run \`tool_search\`, in Messages with a \`tool_search_tool_*\`, or where every tool is deferred.

\`*\` in a type stands for any characters. The first row that matches applies.`

const RESPONSES = `A top-level function keeps its name. Other tools get a unique name of at most 64 letters, digits, \`_\` and \`-\`; a name that is taken gets a number at its end.

The client gets the arguments as the model wrote them. Where the item of another tool needs an object (\`shell_call\`, \`tool_search_call\`, …) and the model did not write one that fits, the answer fails with \`engine_invalid\`; where the token limit cut it off, the call is left out and the response is \`incomplete\`.`
