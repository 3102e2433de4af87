/** How the thinking of models is told to clients. */

import type { ReasoningName, ThinkTags } from '../wire/think.ts'
import { unexpected } from './error.ts'

export type { ThinkTags } from '../wire/think.ts'

export type ReasoningSetting = 'keep' | ReasoningName

export const reasoningNames: readonly ReasoningSetting[] = [
  'keep',
  'reasoning',
  'reasoning_content',
]
export const thinkTags: readonly ThinkTags[] = ['keep', 'separate', 'unopened']

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
