/** What the worker of a tab and whoever drives its page tell each other. */
import type { MlcChatRequest } from '../../src/engines/webllm/mlc-types.ts'

export const MODEL = 'my-model'

/** From the worker. `id` counts its requests. */
export type FieldNews =
  | { id: number; request: MlcChatRequest }
  /** A chunk of the answer was read. */
  | { id: number; sent: true }
  /** The answer has ended; not whole where its reader left before. */
  | { id: number; isWhole: boolean }

/** What the model is to write. */
export interface FieldReply {
  id: number
  tokens: string[]
  /** Milliseconds between tokens. */
  gap: number
}
