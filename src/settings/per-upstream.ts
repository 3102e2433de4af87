/** Settings that one upstream may have a value of its own for; declared once, for both places. */
import type { SystemMessages } from '../wire/chat/system-messages.ts'
import type { FinishReasonSetting } from '../wire/contract/finish-reason.ts'
import type { ReasoningName, ThinkTags } from '../wire/contract/think.ts'
import { choice, integer } from './declaration.ts'

const finishReasons = [
  'learn',
  'required',
  'optional',
] as const satisfies readonly FinishReasonSetting[]
const reasoningNames = ['keep', 'reasoning', 'reasoning_content'] as const satisfies readonly (
  | 'keep'
  | ReasoningName
)[]
const thinkTags = ['keep', 'separate', 'unopened'] as const satisfies readonly ThinkTags[]
const systemMessages = ['merge', 'keep'] as const satisfies readonly SystemMessages[]

export const perUpstream = {
  maxConcurrency: integer({
    min: 1,
    max: 100_000,
    formerNames: ['streams'],
    placeholder: 'N',
    help: 'How many requests are sent to an upstream at once. Further ones wait in a queue, in which clients take turns. Unlimited by default.',
  }),
  finishReason: choice(finishReasons, {
    placeholder: 'RULE',
    help: 'How to judge a stream that ends with [DONE] but without a finish reason. required: as failed. optional: as finished with "stop". learn: as finished with "stop" if it has content, but as failed once the server has sent a finish reason for that model.',
  }),
  reasoning: choice(reasoningNames, {
    placeholder: 'NAME',
    help: 'The field that reasoning is sent in; keep leaves it in the field it came in.',
  }),
  thinkTags: choice(thinkTags, {
    placeholder: 'MODE',
    help: 'What to do with <think>…</think> at the start of an answer. keep: leave it in the text. separate: send it as reasoning. unopened: the same, also where the model’s template wrote <think> itself, so that only </think> comes.',
  }),
  systemMessages: choice(systemMessages, {
    placeholder: 'MODE',
    help: 'How system messages are sent to an upstream in a chat request. merge: join the leading ones into one string and move later ones into user messages, because many chat templates refuse anything else. keep: send them as they came.',
  }),
}

export type PerUpstream = keyof typeof perUpstream

/** What holds for an upstream that has no value of its own. */
export function upstreamDefaults<T extends { [N in PerUpstream]?: unknown }>(
  settings: T,
): Pick<T, PerUpstream & keyof T> {
  const names = Object.keys(perUpstream).filter(
    (name) => settings[name as PerUpstream] !== undefined,
  )
  return Object.fromEntries(names.map((name) => [name, settings[name as PerUpstream]])) as Pick<
    T,
    PerUpstream & keyof T
  >
}
