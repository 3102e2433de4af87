/** The forms in which an engine's answer reaches a dialect. */
import type { ChatChunk, Usage } from '../wire/chat/request.ts'
import {
  ChatContract,
  type ChunkAction,
  type ContractOptions,
  type StreamContract,
} from '../wire/contract/chat.ts'

/** The contract (the state machine of a stream) of any API. */
export type AnyContract = StreamContract<unknown>

/** The chunks that a contract checks. */
export type ChunkOf<C> = C extends StreamContract<infer T> ? T : never

/** Chunks that obey their contract: chat chunks, unless the API has its own. */
export interface ChunkStream<C extends AnyContract = ChatContract> {
  kind: 'chunks'
  /** The contract that each chunk has passed; it has the usage and the list of repairs. */
  contract: C
  /**
   * Each pull gives a batch of what the engine has ready, never empty. `next` rejects with the
   * `ApiError` that ends the stream; `return` stops the engine.
   */
  items: AsyncIterator<ChunkOf<C>[], void, void>
}

/** Takes the frames of one packet. Further packets wait for the promise it may return. */
export type TakeFrames = (frames: Uint8Array<ArrayBuffer>[]) => Promise<unknown> | undefined

/** Complete frames that obey the contract, as bytes to forward; without `[DONE]`. */
export interface FrameStream<C = ChatContract> {
  kind: 'frames'
  contract: C
  /** The frames of one packet, in pieces. */
  items: AsyncIterator<Uint8Array<ArrayBuffer>[], void, void>
  /**
   * Instead of `items`, where the host can push: calls `take` with the frames of each packet as it
   * arrives. Resolves at the end; rejects with the `ApiError` that ends the stream.
   */
  forEachPacket?(take: TakeFrames): Promise<void>
}

/** A complete answer, not streamed: its checked JSON text, and what the log needs of it. */
export interface WholeAnswer {
  kind: 'whole'
  json: string
  model?: string
  usage?: Usage
  repaired: string[]
}

/** A streamed answer. */
export type LiveStream<C extends AnyContract = ChatContract> = ChunkStream<C> | FrameStream<C>

/** An answer of either form; `headers` are the engine's response headers that a client may see. */
export type AnswerStream<C extends AnyContract = ChatContract> = (LiveStream<C> | WholeAnswer) & {
  headers?: Record<string, string>
}

/** The answer to a chat request. */
export type ChatStream = AnswerStream

/** The answer in an API that the engine serves natively: frames to forward, or JSON. */
export type NativeStream = (FrameStream<AnyContract> | WholeAnswer) & {
  headers?: Record<string, string>
}

/**
 * A stream with its first batch. Before that batch, a failed attempt may move to another engine.
 */
export interface OpenedStream<C extends AnyContract = ChatContract> {
  stream: LiveStream<C> & { headers?: Record<string, string> }
  first: IteratorResult<ChunkOf<C>[] | Uint8Array<ArrayBuffer>[], void>
}

/** Checks the chunks of an engine that runs here against the chat contract. */
export function enforceChatContract(
  batches: AsyncIterator<ChatChunk[], void, void>,
  options: ContractOptions,
): ChunkStream {
  return enforceContract(
    batches,
    new ChatContract({ source: 'engine', usageRequested: true, ...options }),
  )
}

/** Checks an engine's chunks against a contract. The stream ends where `batches` ends. */
export function enforceContract<C extends AnyContract>(
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
        : batch.value.filter((chunk) => isForwarded(contract.check(chunk)))
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

function isForwarded(action: ChunkAction): boolean {
  return action !== 'drop' && action !== 'hold' && action !== 'hold-changed'
}
