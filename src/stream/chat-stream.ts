/** The forms in which an engine's answer travels to a dialect. */
import type { ChatChunk, Usage } from '../wire/chat/request.ts'
import {
  ChatContract,
  type ChunkAction,
  type ContractOptions,
  type StreamContract,
} from '../wire/contract/chat.ts'

/** The state machine of a stream in any API. */
export type AnyContract = StreamContract<unknown>

/** What such a stream is made of. */
export type ChunkOf<C> = C extends StreamContract<infer T> ? T : never

/** Chunks that obey their contract, in order: a chat's, unless an API has chunks of its own. */
export interface ChunkStream<C extends AnyContract = ChatContract> {
  kind: 'chunks'
  /** The state machine each chunk has passed: it knows usage and what was repaired. */
  contract: C
  /**
   * One batch a pull: what the engine had ready, never empty. `next` rejects with the `ApiError`
   * that ends the stream; `return` stops the engine.
   */
  items: AsyncIterator<ChunkOf<C>[], void, void>
}

/** Takes a packet's frames; the promise it may return holds the next ones back. */
export type TakeFrames = (frames: Uint8Array<ArrayBuffer>[]) => Promise<unknown> | undefined

/** Frames that obey the contract, as bytes to forward: whole ones only, without `[DONE]`. */
export interface FrameStream<C = ChatContract> {
  kind: 'frames'
  contract: C
  /** What a packet brought, in pieces. */
  items: AsyncIterator<Uint8Array<ArrayBuffer>[], void, void>
  /**
   * Where it can: gives all that is still to come to `take` in the moment it comes, instead of by
   * `items`. Resolves at the end; rejects with the `ApiError` that ends the stream.
   */
  forEachPacket?(take: TakeFrames): Promise<void>
}

/** A completion that came whole: its JSON text, checked, and what it says for the log. */
export interface WholeAnswer {
  kind: 'whole'
  json: string
  model?: string
  usage?: Usage
  repaired: string[]
}

/** An answer that is still being given. */
export type LiveStream<C extends AnyContract = ChatContract> = ChunkStream<C> | FrameStream<C>

/** An answer; `headers` are the response headers the engine wants a client to see. */
export type AnswerStream<C extends AnyContract = ChatContract> = (LiveStream<C> | WholeAnswer) & {
  headers?: Record<string, string>
}

/** What a chat is answered with. */
export type ChatStream = AnswerStream

/** What an engine answers with in an API that it speaks itself: frames to forward, or JSON. */
export type NativeStream = (FrameStream<AnyContract> | WholeAnswer) & {
  headers?: Record<string, string>
}

/** A stream up to its first batch: as long as there is none, another engine may still take over. */
export interface OpenedStream<C extends AnyContract = ChatContract> {
  stream: LiveStream<C> & { headers?: Record<string, string> }
  first: IteratorResult<ChunkOf<C>[] | Uint8Array<ArrayBuffer>[], void>
}

/** Holds an engine's own chunks to the chat contract. */
export function obey(
  batches: AsyncIterator<ChatChunk[], void, void>,
  options: ContractOptions,
): ChunkStream {
  return held(batches, new ChatContract({ source: 'engine', usageRequested: true, ...options }))
}

/** Holds an engine's own chunks to a contract. The end of `batches` is the end of the stream. */
export function held<C extends AnyContract>(
  batches: AsyncIterator<ChunkOf<C>[], void, void>,
  contract: C,
): ChunkStream<C> {
  let ended = false

  async function next(): Promise<IteratorResult<ChunkOf<C>[], void>> {
    while (!ended) {
      const batch = await batches.next()
      if (batch.done) ended = true
      const chunks = batch.done
        ? (contract.end('done') as ChunkOf<C>[])
        : batch.value.filter((chunk) => isSaid(contract.check(chunk)))
      if (chunks.length > 0) return { value: chunks, done: false }
    }
    return { value: undefined, done: true }
  }

  async function stop(): Promise<IteratorResult<ChunkOf<C>[], void>> {
    await batches.return?.()
    return { value: undefined, done: true }
  }

  return { kind: 'chunks', contract, items: { next, return: stop } }
}

function isSaid(action: ChunkAction): boolean {
  return action !== 'drop' && action !== 'hold' && action !== 'hold-changed'
}
