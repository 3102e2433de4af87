import { frame } from '../sse/sse.ts'
import type { ChatChunk } from './request.ts'

/**
 * The JSON between two texts of the list, without their quotes. JSON escapes quotes within a text, so
 * `",0,"` can occur elsewhere only if a text ends with this.
 */
const SEPARATOR = ',0,'

/**
 * Writes the chunks of one stream as frames. Most chunks differ only in the text of one delta: the JSON
 * before and after it is serialized once, and the texts of consecutive chunks are serialized together.
 */
export class ChunkWriter {
  #template: ChatChunk | undefined
  #index = 0
  #prefix = ''
  #suffix = ''
  /** Suffix and prefix between two texts, escaped as the replacement of `replaceAll`. */
  #between = ''

  write(chunks: readonly ChatChunk[]): string {
    let written = ''
    let run: (string | 0)[] = []
    for (const chunk of chunks) {
      const text = plainText(chunk)
      const goesOn = text !== undefined && this.#matches(chunk)
      if (!goesOn) {
        written += this.#frames(run)
        run = []
      }
      if (text === undefined) written += frame(JSON.stringify(chunk))
      else {
        if (!goesOn) this.#setTemplate(chunk)
        run.push(text, 0)
      }
    }
    return written + this.#frames(run)
  }

  /** One frame per text; each text in the list is followed by a zero. */
  #frames(texts: (string | 0)[]): string {
    if (texts.length === 0) return ''
    const list = JSON.stringify(texts).slice(1, -',0]'.length)
    return this.#prefix + list.replaceAll(`"${SEPARATOR}"`, this.#between) + this.#suffix
  }

  #matches({ id, object, created, model, choices }: ChatChunk): boolean {
    const plain = this.#template
    return (
      plain !== undefined &&
      plain.id === id &&
      plain.created === created &&
      plain.model === model &&
      plain.object === object &&
      this.#index === choices[0]?.index
    )
  }

  #setTemplate({ id, object, created, model, choices }: ChatChunk): void {
    const index = choices[0]?.index ?? 0
    this.#index = index
    this.#template = { id, object, created, model, choices: [] }
    const head = JSON.stringify({ id, object, created, model })
    this.#prefix = `data: ${head.slice(0, -1)},"choices":[{"index":${index},"delta":{"content":`
    this.#suffix = '},"finish_reason":null}]}\n\n'
    this.#between = `"${this.#suffix}${this.#prefix}"`.replaceAll('$', '$$$$')
  }
}

/** The text of a chunk that has nothing else; undefined for other chunks. */
function plainText(chunk: ChatChunk): string | undefined {
  const choice = chunk.choices[0]
  if (choice === undefined || choice.finish_reason !== null) return undefined
  const { content } = choice.delta
  const isPlain =
    typeof content === 'string' &&
    !content.endsWith(SEPARATOR) &&
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
