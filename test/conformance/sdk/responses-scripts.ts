import type { Script } from '../../support/script.ts'
import { talk, token } from '../../support/talk.ts'

export const model = 'Qwen/Qwen3-8B'

const HEARTBEAT = 100

/** Two tokens, then an error in the middle of the stream. */
export const broken: Script = {
  steps: [
    { send: token('Half ') },
    { send: token('a thought') },
    { chunk: { error: { message: 'CUDA out of memory', type: 'server_error', code: 500 } } },
  ],
}

/** A quiet engine, so that clients meet heartbeats in every place. */
export const slow = talk({ wait: 4 * HEARTBEAT }, 'tok', { wait: 4 * HEARTBEAT }, 'tok')
