import type { TextChoice, TextChunk } from '../wire/completions/request.ts'
import { type Accumulator, appendToLists, type ChunkFields, setField } from './chat-accumulator.ts'

/** Accumulates the chunks of a text completion; unknown fields are preserved. */
export class TextAccumulator implements Accumulator<TextChunk> {
  readonly #envelope: ChunkFields = {}
  readonly #choices = new Map<number, { pieces: string[]; rest: ChunkFields }>()

  add({ choices, ...envelope }: TextChunk): void {
    for (const choice of choices) this.#addChoice(choice)
    for (const [key, value] of Object.entries(envelope)) {
      // Some servers send an empty id or model in their first chunk: a later value replaces it.
      if (value !== null && value !== '') setField(this.#envelope, key, value)
    }
  }

  completion(): TextChunk {
    const choices = [...this.#choices].sort(([a], [b]) => a - b)
    const { usage, ...envelope } = this.#envelope
    return {
      ...envelope,
      object: 'text_completion',
      choices: choices.map(([index, { pieces, rest }]) => {
        return { index, text: pieces.join(''), logprobs: null, finish_reason: null, ...rest }
      }),
      ...(usage !== undefined && { usage }),
    } as TextChunk
  }

  #addChoice({ index, text, ...fields }: TextChoice): void {
    let choice = this.#choices.get(index)
    if (choice === undefined) {
      choice = { pieces: [], rest: {} }
      this.#choices.set(index, choice)
    }
    choice.pieces.push(text)
    for (const [key, value] of Object.entries(fields))
      setField(choice.rest, key, value, appendToLists)
  }
}
