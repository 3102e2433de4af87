import { choicesDialect, choicesIn, NOTHING, sharedFields } from '../choices-dialect.ts'
import { judgeChoicesStream } from '../choices-stream.ts'
import type { CheckedApi } from '../dialect.ts'

/** `POST /v1/completions`. */
export const completions: CheckedApi = {
  ...choicesDialect,
  name: 'completions',
  path: '/completions',
  hasTools: false,
  wrong: { prompt: { text: 'hello' } },
  body: (prompt) => ({ ...sharedFields(prompt), prompt: prompt.text }),
  judge: (recording, said, findings) =>
    judgeChoicesStream(recording, said, findings, {
      object: 'text_completion',
      isChoice: ({ text }) => typeof text === 'string',
      part: ({ text }) => ({ text }),
    }),
  faultOfWhole(answer) {
    if (answer.object !== 'text_completion') return `object: ${JSON.stringify(answer.object)}`
    const [choice] = choicesIn(answer)
    const isWhole = typeof choice?.text === 'string' && typeof choice?.finish_reason === 'string'
    return isWhole ? undefined : 'no choices[0].text with a finish_reason'
  },
  // It calls nothing and has no form.
  told: () => NOTHING,
  speaks: (event) => choicesIn(event).some(({ text }) => text !== '' && text !== undefined),
}
