/** Bounds what a tab may answer: it may be anybody's. */
import type { AnswerStream, AnyContract, ChunkOf } from '../stream/chat-stream.ts'
import { quoted } from '../util/safe/quoted.ts'
import type { ChatChunk, ChatRequest } from '../wire/chat/request.ts'
import { ApiError } from '../wire/errors/api-error.ts'
import type { Tab } from './tab.ts'

/** Chunks beyond the most tokens that were asked for: a tool call and the end need some. */
const SLACK = 64

/** The most chunks where nothing limits the answer. */
const MOST_CHUNKS = 1_000_000

/** What limits an answer. */
interface Limits<C extends AnyContract> {
  /** The most chunks. */
  most: number
  /** Throws an `ApiError` for a chunk that answers what was not asked. */
  check?(chunk: ChunkOf<C>): void
}

/** How much may answer a request. `answers`: how many there are of it. */
export function mostChunks(
  { max_tokens, max_completion_tokens }: Pick<ChatRequest, 'max_tokens' | 'max_completion_tokens'>,
  answers: number,
): number {
  const asked = max_completion_tokens ?? max_tokens ?? -1
  return asked >= 0 ? asked * Math.max(1, answers) + SLACK : MOST_CHUNKS
}

/** The stream, which fails where it is longer than was asked for. Counts its chunks for the tab. */
export function limitAnswer<C extends AnyContract>(
  stream: AnswerStream<C>,
  tab: Tab,
  { most, check }: Limits<C>,
): AnswerStream<C> {
  if (stream.kind !== 'chunks') return stream
  const { items } = stream
  let count = 0
  return {
    ...stream,
    items: {
      async next() {
        try {
          const batch = await items.next()
          if (batch.done) return batch
          count += batch.value.length
          tab.served += batch.value.length
          if (count > most) throw tooLong(tab.name, most)
          if (check) for (const chunk of batch.value) check(chunk)
          return batch
        } catch (error) {
          void items.return?.()
          throw error
        }
      },
      async return() {
        return (await items.return?.()) ?? { done: true, value: undefined }
      },
    },
  }
}

/** Throws an `ApiError` (502) for a call of a tool that the request does not offer: a program might run it. */
export function toolChecker(
  { tools, functions }: ChatRequest,
  { name }: Pick<Tab, 'name'>,
): (chunk: ChatChunk) => void {
  const offered = new Set<unknown>()
  for (const tool of tools ?? [])
    offered.add((tool as { function?: { name?: unknown } }).function?.name)
  for (const each of (functions as { name?: unknown }[] | null | undefined) ?? [])
    offered.add(each.name)
  return ({ choices }) => {
    for (const { delta } of choices) {
      for (const call of delta?.tool_calls ?? []) requireOffered(call.function?.name)
      const { function_call: called } = (delta ?? {}) as { function_call?: { name?: unknown } }
      requireOffered(called?.name)
    }
  }

  function requireOffered(called: unknown): void {
    if (called === undefined || called === null || called === '' || offered.has(called)) return
    const message = `tab/${name}: expected calls of the tools that the request offers, got ${quoted(String(called))}; the answer ends here.`
    throw new ApiError(502, message, { code: 'engine_invalid' })
  }
}

function tooLong(name: string, most: number): ApiError {
  const message = `tab/${name}: expected at most ${most} chunks for the tokens that were asked for, got more; the answer ends here.`
  return new ApiError(502, message, { code: 'engine_invalid' })
}
