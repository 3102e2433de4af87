/** Bounds what a tab may answer: it may be anybody's. */
import type { ChatStream } from '../stream/chat-stream.ts'
import type { ChatRequest } from '../wire/chat/request.ts'
import { ApiError } from '../wire/errors/api-error.ts'
import type { Tab } from './tab.ts'

/** Chunks beyond the most tokens that were asked for: a tool call and the end need some. */
const SLACK = 64

/** The most chunks where nothing limits the answer. */
const MOST_CHUNKS = 1_000_000

/** The stream, which fails where it is longer than was asked for. Counts its chunks for the tab. */
export function limitAnswer(stream: ChatStream, request: ChatRequest, tab: Tab): ChatStream {
  if (stream.kind !== 'chunks') return stream
  const { items } = stream
  const asked = request.max_completion_tokens ?? request.max_tokens ?? -1
  const choices = Math.max(1, request.n ?? 1)
  const most = asked >= 0 ? asked * choices + SLACK : MOST_CHUNKS
  let count = 0
  tab.running++
  let isOver = false
  const end = () => {
    if (!isOver) tab.running--
    isOver = true
  }
  return {
    ...stream,
    items: {
      async next() {
        try {
          const batch = await items.next()
          if (batch.done) {
            end()
            return batch
          }
          count += batch.value.length
          tab.served += batch.value.length
          if (count > most) throw tooLong(tab.name, most)
          return batch
        } catch (error) {
          end()
          throw error
        }
      },
      async return() {
        end()
        return (await items.return?.()) ?? { done: true, value: undefined }
      },
    },
  }
}

function tooLong(name: string, most: number): ApiError {
  const message = `tab/${name}: expected at most ${most} chunks for the tokens that were asked for, got more; the answer ends here.`
  return new ApiError(502, message, { code: 'engine_invalid' })
}
