import type { ChatStream, ChunkStream } from '../stream/chat-stream.ts'
import { parseJson } from '../util/parse-json.ts'
import type { ChatCompletion } from '../wire/chat/request.ts'
import {
  type ReasoningName,
  type ThinkSeparator,
  type ThinkTags,
  thinkSeparator,
} from '../wire/contract/think.ts'
import type { Engine } from './engine.ts'

export interface ThinkingSettings {
  reasoning: 'keep' | ReasoningName
  thinkTags: ThinkTags
}

/**
 * Wraps an engine so that thinking within its text (`<think>…</think>`) becomes reasoning; returns
 * the engine itself where `thinkTags` is `keep`. For engines within this process only: for an
 * upstream its contract does this, so that frames without thinking can still be forwarded
 * unchanged.
 */
export function separateThinking(
  engine: Engine,
  { reasoning, thinkTags }: ThinkingSettings,
): Engine {
  if (thinkTags === 'keep' || engine.isServer) return engine
  const name = reasoning === 'keep' ? undefined : reasoning
  const chat: Engine['chat'] = async (request, ...rest) => {
    const answer = await engine.chat(request, ...rest)
    const think = thinkSeparator(thinkTags, name, request)
    return think === undefined ? answer : separateAnswer(answer, think)
  }
  // Methods are bound to the engine itself: private fields can't be read through a proxy.
  return new Proxy(engine, {
    get(target, field) {
      if (field === 'chat') return chat
      const value: unknown = Reflect.get(target, field)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

function separateAnswer(answer: ChatStream, think: ThinkSeparator): ChatStream {
  if (answer.kind === 'chunks') return { ...answer, items: separateItems(answer, think) }
  if (answer.kind === 'frames') return answer
  const completion = parseJson(answer.json) as ChatCompletion
  const changed = completion.choices.filter(({ message }) => think.separateWhole(message))
  if (changed.length === 0) return answer
  return { ...answer, json: JSON.stringify(completion), repaired: [...answer.repaired, 'think'] }
}

function separateItems(
  { items, contract }: ChunkStream,
  think: ThinkSeparator,
): ChunkStream['items'] {
  return {
    async next() {
      const batch = await items.next()
      for (const { choices } of batch.value ?? []) {
        for (const choice of choices) if (think.separate(choice)) contract.repaired.add('think')
      }
      return batch
    },
    async return() {
      return (await items.return?.()) ?? { done: true, value: undefined }
    },
  }
}
