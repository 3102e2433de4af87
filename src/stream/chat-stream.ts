/** The forms in which an engine's answer travels to a dialect. */
import type { ChatChunk, Usage } from '../wire/chat.ts'
import { ChatContract, type ContractOptions, type Verdict } from '../wire/contract.ts'

/** Chunks that obey the contract, in order. */
export interface ChunkStream {
  kind: 'chunks'
  /** The state machine each chunk has passed: it knows usage and what was mended. */
  contract: ChatContract
  /**
   * One batch a pull: what the engine had ready, never empty. `next` rejects with the `ApiError`
   * that ends the stream; `return` stops the engine.
   */
  items: AsyncIterator<ChatChunk[], void, void>
}

/** Takes a packet's frames; the promise it may return holds the next ones back. */
export type TakeFrames = (frames: Uint8Array<ArrayBuffer>[]) => Promise<unknown> | undefined

/** Frames that obey the contract, as bytes to forward: whole ones only, without `[DONE]`. */
export interface FrameStream {
  kind: 'frames'
  contract: ChatContract
  /** What a packet brought, in pieces. */
  items: AsyncIterator<Uint8Array<ArrayBuffer>[], void, void>
  /**
   * Where it can: gives all that is still to come to `take` in the moment it comes, instead of by
   * `items`. Resolves at the end; rejects with the `ApiError` that ends the stream.
   */
  pour?(take: TakeFrames): Promise<void>
}

/** A completion that came whole: its JSON text, checked, and what it says for the log. */
export interface WholeAnswer {
  kind: 'whole'
  json: string
  model?: string
  usage?: Usage
  mended: string[]
}

/** An answer; `headers` are the response headers the engine wants a client to see. */
export type ChatStream = (ChunkStream | FrameStream | WholeAnswer) & {
  headers?: Record<string, string>
}

/** A stream up to its first batch: as long as there is none, another engine may still take over. */
export interface OpenedStream {
  stream: (ChunkStream | FrameStream) & { headers?: Record<string, string> }
  first: IteratorResult<ChatChunk[] | Uint8Array<ArrayBuffer>[], void>
}

/** Holds an engine's own chunks to the contract. The end of `batches` is the end of the stream. */
export function obey(
  batches: AsyncIterator<ChatChunk[], void, void>,
  options: ContractOptions,
): ChunkStream {
  const contract = new ChatContract({ source: 'engine', usageRequested: true, ...options })
  let ended = false

  async function next(): Promise<IteratorResult<ChatChunk[], void>> {
    while (!ended) {
      const batch = await batches.next()
      if (batch.done) ended = true
      const chunks = batch.done
        ? contract.end('done')
        : batch.value.filter((chunk) => isSaid(contract.judge(chunk)))
      if (chunks.length > 0) return { value: chunks, done: false }
    }
    return { value: undefined, done: true }
  }

  async function stop(): Promise<IteratorResult<ChatChunk[], void>> {
    await batches.return?.()
    return { value: undefined, done: true }
  }

  return { kind: 'chunks', contract, items: { next, return: stop } }
}

function isSaid(verdict: Verdict): boolean {
  return verdict === 'same' || verdict === 'changed'
}
