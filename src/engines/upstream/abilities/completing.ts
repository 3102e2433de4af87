import { answerCounts } from '../../../stream/text-stream.ts'
import { TextContract } from '../../../wire/contract/completions.ts'
import { checkTextCompletion } from '../../../wire/contract/completions-answer.ts'
import type { Ability } from '../chat-upstream.ts'

/** Completes texts. */
export const completing = ((upstream) => ({
  complete(asked, signal, { asChunks = false, optionalFields = [], ...call } = {}) {
    const answers = answerCounts(asked)
    return upstream.generate(asked, signal, {
      path: '/completions',
      contract: (options) => new TextContract({ ...options, ...answers }),
      check: checkTextCompletion,
      ...{ asChunks, optionalFields, call },
    })
  },
})) satisfies Ability
