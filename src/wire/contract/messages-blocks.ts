/** Tracks the content blocks of a Messages stream. */
import { JsonNesting } from './tool-calls.ts'

/** The text field of blocks whose text comes in deltas: an empty one is not content. */
const TEXT_BLOCKS: Readonly<Record<string, string>> = { text: 'text', thinking: 'thinking' }

export class MessageBlocks {
  /** The number of blocks that have started, and the indexes of open blocks. */
  count = 0
  readonly open = new Set<number>()
  hasCalls = false
  /** Whether any block has content; an empty text is none. */
  hasContent = false
  readonly #tracks: boolean
  /** The nesting of each tool call's input JSON. */
  readonly #inputs = new Map<number, JsonNesting>()

  /** `tracks`: whether to track the end of each tool call's input. */
  constructor(tracks: boolean) {
    this.#tracks = tracks
  }

  /** Whether the input of a tool call ends inside its JSON. */
  get isTruncated(): boolean {
    return [...this.#inputs.values()].some(({ isOpen }) => isOpen)
  }

  start(type: string, block: Record<string, unknown>): void {
    this.open.add(this.count++)
    this.hasCalls ||= type === 'tool_use'
    const field = Object.hasOwn(TEXT_BLOCKS, type) ? TEXT_BLOCKS[type] : undefined
    this.hasContent ||= field === undefined || Boolean(block[field])
  }

  /** `text` is the text of the delta, if its type is known. */
  addDelta(index: number, type: string, text: unknown): void {
    // A signature is not content.
    if (text !== '' && type !== 'signature_delta') this.hasContent = true
    if (!this.#tracks || type !== 'input_json_delta') return
    let input = this.#inputs.get(index)
    if (input === undefined) {
      input = new JsonNesting()
      this.#inputs.set(index, input)
    }
    input.add(text as string)
  }
}
