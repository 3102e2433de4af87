import { textChunk, writing } from '../support/completions.ts'
import type { Script } from '../support/script.ts'

export const staticText = 'Water finds its way.'

export const usage = { stream_options: { include_usage: true } }

/** Two tokens, then an error in the middle of the stream. */
export const broken: Script = {
  steps: [
    { chunk: textChunk('Half ') },
    { chunk: textChunk('a thought') },
    { chunk: { error: { message: 'CUDA out of memory', type: 'server_error', code: 500 } } },
  ],
}

/** A token every 50 ms for far longer than a test takes. */
export const endless: Script = writing({
  repeat: 1_000,
  steps: [{ wait: 50 }, { chunk: textChunk(' on') }],
})
