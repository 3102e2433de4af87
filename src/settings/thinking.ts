/** What is done with the words of a conversation: what a model thinks, and what the system says. */

import type { SystemMessages } from '../wire/chat/system-messages.ts'
import type { ReasoningName, ThinkTags } from '../wire/contract/think.ts'
import { unexpected } from './error.ts'

export type { ThinkTags } from '../wire/contract/think.ts'

/** The one field that reasoning is sent in; `keep` leaves it in the one that the upstream chose. */
export type ReasoningSetting = 'keep' | ReasoningName

export const reasoningNames: readonly ReasoningSetting[] = [
  'keep',
  'reasoning',
  'reasoning_content',
]
export const thinkTags: readonly ThinkTags[] = ['keep', 'separate', 'unopened']

export type { SystemMessages } from '../wire/chat/system-messages.ts'

export const systemMessages: readonly SystemMessages[] = ['merge', 'keep']

/** One of a few words. Throws a `SettingsError`. */
export function readWord<Word extends string>(
  given: unknown,
  words: readonly Word[],
  shownAs: string,
): Word {
  const word = words.find((each) => each === given)
  if (word === undefined) throw unexpected(shownAs, `one of ${words.join(', ')}`, given)
  return word
}
