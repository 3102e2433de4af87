import { ASSISTANT_BLOCKS, TOOLS as MESSAGE_TOOLS, USER_BLOCKS } from '../messages/rules.ts'
import { ITEMS, TOOLS as RESPONSE_TOOLS } from '../responses/rules.ts'
import type { ToolRule } from './rule.ts'

/** The tables as the Markdown page docs/tools.md. */
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
  const rows = rules.map(({ type, condition, handling, description }) => {
    const where = type === '*' ? 'any other' : `\`${type}\``
    return `| ${where}${condition ? `, where ${condition.words}` : ''} | ${handling} | ${description} |`
  })
  return ['| type | handling | description |', '|---|---|---|', ...rows].join('\n')
}

const INTRODUCTION = `# Tools, items and blocks

<!-- Written by scripts/tools.mjs from the tables in src/dialects: change it there. -->

How sluice translates the tools, items and blocks of Responses and Messages requests into chat requests. An upstream that has the API itself (\`nativeApis\`) gets them unchanged.

- **passed**: a chat request has the same.
- **translated**: the chat request has a replacement, and the client gets calls of the type that it declared.
- **left out**: the engine does not get it. The log line names the type (\`omittedTools\`), and so does the response header \`x-sluice-omitted-tools\` if it is known before the headers go out.
- **refused**: the request is refused with 400, and the message names the field.

sluice runs no tools itself. Tools that the client runs are offered to the model if sluice knows their input; tools that only a provider's servers run, and tools of unknown types, are left out. A request whose \`tool_choice\` forces a tool that is left out is refused with 400. Claude Code's WebSearch offers only \`web_search\` to the model and treats any answer as search results, so deny it in its settings (\`"permissions": {"deny": ["WebSearch"]}\`).

A tool with \`defer_loading\` is offered after the client's search has found it (a \`tool_search_output\` item, a \`tool_reference\` block), after it was called, or if it is forced. It is offered at once if the client cannot search: in Responses without a \`tool_search\` that the client runs, in Messages with a \`tool_search_tool_*\`, or if every tool is deferred.

\`*\` in a type matches any characters. The first matching row applies.`

const RESPONSES = `A top-level function keeps its name. Other tools get a unique name of at most 64 letters, digits, \`_\` and \`-\`; if a name is taken, a number is appended.

The client gets the arguments as the model wrote them. If the item of a tool needs an object (\`shell_call\`, \`tool_search_call\`, …) and the model's arguments do not match it, the answer fails with \`engine_invalid\`; if the token limit cut the arguments off, the call is left out and the response is \`incomplete\`.`
