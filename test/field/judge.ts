/** Whether a client did what a cell asks, and if not, why, in a user's words. */
import { AFTER_TOOLS } from './model.ts'
import { type Message, textOf } from './template.ts'
import type { Asked } from './upstream.ts'

export interface ToolTurn {
  asked: Asked[]
  output: string
  notes: [string, string]
  isParallel: boolean
}

/** Why a turn with tools did not work; undefined where it did. */
export function toolFault({ asked, output, notes, isParallel }: ToolTurn): string | undefined {
  const called = asked.find(({ reply }) => reply?.calls)
  if (called === undefined) {
    const lacking = asked.find(({ reply }) => reply?.why === 'no tool')
    return lacking?.reply?.text ?? 'The model was not asked for a call.'
  }
  const after = asked.findLast(({ reply }) => reply?.why === 'after tools')
  if (after === undefined) return 'The tool’s output did not come back to the model.'
  const fault = callsFault(after.body.messages ?? [], notes, isParallel ? 2 : 1)
  if (fault !== undefined) return fault
  return output.includes(AFTER_TOOLS) ? undefined : 'The answer after the tool was not shown.'
}

/** Each call's output must be that of its own arguments, found by its id. */
function callsFault(
  messages: Message[],
  notes: [string, string],
  count: number,
): string | undefined {
  const calls = messages.flatMap(({ tool_calls }) => tool_calls ?? [])
  if (calls.length < count) return `${calls.length} of ${count} calls came back to the model.`
  const texts = new Set(calls.map((call) => String(call.function?.arguments)))
  if (texts.size < calls.length) return 'Two calls came back with the same arguments.'
  for (const call of calls) {
    const result = messages.find(
      ({ role, tool_call_id }) => role === 'tool' && tool_call_id === call.id,
    )
    const wanted = notes[String(call.function?.arguments).includes('note2.txt') ? 1 : 0]
    const text = textOf(result?.content)
    if (!text.includes(wanted))
      return `The call ${call.function?.name} returned: ${text.slice(0, 200)}`
  }
  return undefined
}

/** Whether a request holds the whole conversation: the first question, its answer, the second one. */
export function isSecondTurn(messages: Message[], answer: string): boolean {
  const at = (word: string, role: string) =>
    messages.findIndex((each) => each.role === role && textOf(each.content).includes(word))
  const first = at('FIELD_TEXT', 'user')
  const said = at(answer, 'assistant')
  const second = at('FIELD_AGAIN', 'user')
  return first >= 0 && said > first && second > said
}

/** Words by which a client says what is wrong. */
const TELLING = {
  key: /401|unauthori[sz]ed|api.?key|invalid.{0,30}key|expected a key|authenticat/i,
  model:
    /404|no-such-model.{0,80}(not|exist|unknown|invalid)|not found|does ?n.t exist|not exist|no engine serves|failed to start pull/i,
  limit: /429|rate.?limit|too many requests|requests? (a|per) minute|limit (reached|exceeded)/i,
  down: /50[0234]|unavailable|bad gateway|can.t be reached|unreachable/i,
} as const

export type Told = keyof typeof TELLING

/** Warnings that come with every request of a model that the client does not know. */
const WARNING = /^warning|metadata for|doesn.t recognize|unrecognized_model/i

/** The last line by which the client told, shortened; undefined where it did not. */
export function lineThatTells(output: string, about: Told): string | undefined {
  const lines = output.split('\n').map((line) => line.trim())
  const line = lines.findLast((each) => TELLING[about].test(each) && !WARNING.test(each))
  return line?.replace(/\s+/g, ' ').slice(0, 160)
}
