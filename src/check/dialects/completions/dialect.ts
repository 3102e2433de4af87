import { choicesDialect, choicesIn, EMPTY_ANSWER, sharedFields } from '../choices-dialect.ts'
import type { CheckedApi } from '../dialect.ts'
import { checkCompletionsStream } from './stream.ts'

/** `POST /v1/completions`. */
export const completions: CheckedApi = {
  ...choicesDialect,
  name: 'completions',
  path: '/completions',
  hasTools: false,
  invalidFields: { prompt: { text: 'hello' } },
  body: (prompt) => ({ ...sharedFields(prompt), prompt: prompt.text }),
  checkStream: checkCompletionsStream,
  problemInAnswer(answer) {
    if (answer.object !== 'text_completion') return `object: ${JSON.stringify(answer.object)}`
    const [choice] = choicesIn(answer)
    const isWhole = typeof choice?.text === 'string' && typeof choice?.finish_reason === 'string'
    return isWhole ? undefined : 'no choices[0].text with a finish_reason'
  },
  // The API has neither tool calls nor structured output.
  collect: () => EMPTY_ANSWER,
  hasOutput: (event) => choicesIn(event).some(({ text }) => text !== '' && text !== undefined),
}
