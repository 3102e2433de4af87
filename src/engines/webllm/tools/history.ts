/** Messages with calls of tools and their results, as web-llm's template has to be given them. */
import type { ChatMessage } from '../../../wire/chat/request.ts'
import type { MlcMessage } from '../mlc-types.ts'
import type { ToolForm } from './forms.ts'
import { writtenResults } from './written.ts'

/** What the system message has to say of the tools. */
export interface ToolPrompt {
  text: string
  /** Whether it stands before what the client's system message says. */
  isFirst: boolean
}

/**
 * The messages with the results of tools in the order of their calls, and where each was: a client may send
 * results as its tools end, and in the forms of models they have no ids.
 */
export function inCallOrder(
  messages: readonly ChatMessage[],
): { message: ChatMessage; at: number }[] {
  let turn = 0
  const placed = messages.map((message, at) => {
    if (message.role !== 'tool') turn = at
    const calls = messages[turn]?.tool_calls ?? []
    const call = calls.findIndex(({ id }) => id === message.tool_call_id)
    const place = message.role !== 'tool' ? -1 : call < 0 ? calls.length : call
    return { message, at, turn, place }
  })
  return placed.sort((a, b) => a.turn - b.turn || a.place - b.place)
}

/**
 * Results of tools in the role and form of the model's own template, and the tools in the system message. A
 * template of web-llm may have no role for results at all.
 */
export function inToolForm(
  messages: readonly MlcMessage[],
  form: ToolForm | undefined,
  prompt: ToolPrompt | undefined,
): MlcMessage[] {
  return withPrompt(form ? withResults(messages, form) : [...messages], prompt)
}

function withResults(messages: readonly MlcMessage[], form: ToolForm): MlcMessage[] {
  const turns: MlcMessage[] = []
  let results: string[] = []
  let id = ''
  const finish = () => {
    if (results.length === 0) return
    const content = writtenResults(form, results)
    turns.push(
      form.resultRole === 'tool'
        ? { role: 'tool', content, tool_call_id: id }
        : { role: 'user', content },
    )
    results = []
  }
  for (const message of messages) {
    if (message.role === 'tool') {
      if (results.length === 0) id = message.tool_call_id
      results.push(message.content)
      continue
    }
    finish()
    turns.push(message)
  }
  finish()
  return turns
}

function withPrompt(messages: MlcMessage[], prompt: ToolPrompt | undefined): MlcMessage[] {
  if (prompt === undefined) return messages
  const [first, ...rest] = messages
  const said = first?.role === 'system' ? first.content : ''
  const parts = prompt.isFirst ? [prompt.text, said] : [said, prompt.text]
  const content = parts.filter((part) => part !== '').join('\n\n')
  return [{ role: 'system', content }, ...(first?.role === 'system' ? rest : messages)]
}
