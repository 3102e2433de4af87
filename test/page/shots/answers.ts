// What the model of the pictures answers, by the question.

import type { ChatBody, Model } from '../../support/personas.ts'
import type { Script, Step } from '../../support/script.ts'
import { delta, END, text } from '../support/chat-steps.ts'

export const MODELS: Model[] = ['qwen3-32b', 'gpt-oss-120b', 'llama-4-scout'].map((id) => {
  return { id, object: 'model', created: 1, owned_by: 'workstation' }
})

/** An answer with everything that Markdown has. */
export const MARKDOWN = `Server-sent events are a **stream of lines** over plain HTTP. A client reads them like this:

\`\`\`ts
// Reads the events of a response, one by one.
export async function* events(response: Response): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const bytes of response.body ?? []) {
    const parts = (rest + decoder.decode(bytes, { stream: true })).split('\\n\\n')
    rest = parts.pop() ?? ''
    for (const part of parts) yield part.replace(/^data: /, '')
  }
}
\`\`\`

Each event ends with a blank line. The fields are:

| Field | Meaning | Repeated |
|---|---|---:|
| \`data\` | what the event says | yes |
| \`id\` | its number, for resuming | no |
| \`retry\` | milliseconds to wait | no |

1. Ask with \`"stream": true\`.
2. Read until \`[DONE]\`:
   \`\`\`sh
   curl -N http://127.0.0.1:8787/v1/chat/completions -d @request.json
   \`\`\`

- [x] text
- [ ] trailers

> A comment begins with a colon. See [the standard](https://html.spec.whatwg.org/multipage/server-sent-events.html).`

const WORDS =
  'A stream is an answer that arrives while it is still being written: each event carries the next few characters, so that a reader starts at the first word instead of waiting for the last one.'

const streamed: Step[] = WORDS.split(/(?= )/).flatMap((word) => [{ wait: 24 }, text(word)])

const usage = { prompt_tokens: 14, completion_tokens: 35, total_tokens: 49 }
const end: Step[] = [
  delta({}, 'stop'),
  {
    chunk: { id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [], usage },
  },
  { send: 'data: [DONE]\n\n' },
]

const scripts: Record<string, Step[]> = {
  'What is a stream?': [{ wait: 180 }, ...streamed, ...end],
  'Which is larger, 9.11 or 9.9?': [
    delta({ reasoning_content: 'Compare the whole parts first: both are 9. ' }),
    delta({ reasoning_content: 'Then the decimals: 0.11 and 0.90. So 9.9 is larger, although 11' }),
    { hang: true },
  ],
  'Wait for it': [{ hang: true }],
  'Write a long answer': [text(MARKDOWN.slice(0, 420)), { hang: true }],
}

export function scriptFor({ messages }: ChatBody): Script {
  const content = JSON.stringify((messages as { content: unknown }[]).at(-1)?.content ?? '')
  const name = Object.keys(scripts).find((each) => content.includes(each))
  return { steps: name === undefined ? [text('Yes.'), ...END] : (scripts[name] ?? []) }
}
