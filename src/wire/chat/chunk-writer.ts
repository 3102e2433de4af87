import { frame } from '../sse/sse.ts'
import type { ChatChunk } from './request.ts'

/**
 * What stands between the quotes of two texts. Within a text JSON escapes each quote, so that it can
 * stand between two quotes otherwise only where a text ends with it.
 */
const SEPARATOR = ',0,'

/**
 * Writes one stream's chunks as frames. Most differ only in the text of one delta: what stands
 * before and after it is serialised once, and the texts of a run of them together.
 */
export class ChunkWriter {
  #template: ChatChunk | undefined
  #index = 0
  #prefix = ''
  #suffix = ''
  /** Suffix and prefix between two texts and their quotes, as a replacement is written. */
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

  /** A frame for each of the texts, which have a zero behind each. */
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

/** The text, where the chunk brings that and nothing else, and it can stand in a list. */
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
