import type { ChatChunk } from './chat.ts'
import { frame } from './sse.ts'

/**
 * Writes one stream's chunks as frames. Most differ only in the text of one delta: what stands
 * before and after it is serialised once, and a token costs `JSON.stringify(text)`.
 */
export class ChunkWriter {
  #plain: ChatChunk | undefined
  #index = 0
  #prefix = ''
  #suffix = ''

  write(chunk: ChatChunk): string {
    const text = plainText(chunk)
    if (text === undefined) return frame(JSON.stringify(chunk))
    if (!this.#matches(chunk)) this.#learn(chunk)
    return this.#prefix + JSON.stringify(text) + this.#suffix
  }

  #matches({ id, object, created, model, choices }: ChatChunk): boolean {
    const plain = this.#plain
    return (
      plain !== undefined &&
      plain.id === id &&
      plain.created === created &&
      plain.model === model &&
      plain.object === object &&
      this.#index === choices[0]?.index
    )
  }

  #learn({ id, object, created, model, choices }: ChatChunk): void {
    const index = choices[0]?.index ?? 0
    this.#index = index
    this.#plain = { id, object, created, model, choices: [] }
    const head = JSON.stringify({ id, object, created, model })
    this.#prefix = `data: ${head.slice(0, -1)},"choices":[{"index":${index},"delta":{"content":`
    this.#suffix = '},"finish_reason":null}]}\n\n'
  }
}

/** The text, where the chunk brings that and nothing else. */
function plainText(chunk: ChatChunk): string | undefined {
  const choice = chunk.choices[0]
  if (choice === undefined || choice.finish_reason !== null) return undefined
  const { content } = choice.delta
  const isPlain =
    typeof content === 'string' &&
    chunk.choices.length === 1 &&
    countKeys(choice.delta) === 1 &&
    countKeys(choice) === 3 &&
    countKeys(chunk) === 5
  return isPlain ? content : undefined
}

function countKeys(object: object): number {
  let count = 0
  for (const _ in object) count++
  return count
}
