/** What the blocks of a Messages stream have brought so far. */
import { JsonNesting } from './tool-calls.ts'

/** Blocks whose text comes in deltas: nothing was said as long as it is empty. */
const TEXT_BLOCKS: Readonly<Record<string, string>> = { text: 'text', thinking: 'thinking' }

export class MessageBlocks {
  /** How many blocks were started, and which of them are open. */
  count = 0
  readonly open = new Set<number>()
  hasCalls = false
  /** Whether any block brought something: an empty text is nothing. */
  hasContent = false
  readonly #tracks: boolean
  /** Where the JSON of each block's input ends. */
  readonly #inputs = new Map<number, JsonNesting>()

  /** `tracks`: whether it matters where the input of a tool call ends. */
  constructor(tracks: boolean) {
    this.#tracks = tracks
  }

  /** Whether the input of a tool call breaks off within its JSON. */
  get isTruncated(): boolean {
    return [...this.#inputs.values()].some(({ isOpen }) => isOpen)
  }

  start(type: string, block: Record<string, unknown>): void {
    this.open.add(this.count++)
    this.hasCalls ||= type === 'tool_use'
    const field = Object.hasOwn(TEXT_BLOCKS, type) ? TEXT_BLOCKS[type] : undefined
    this.hasContent ||= field === undefined || Boolean(block[field])
  }

  /** `text` is the delta's own, where it is of a known type. */
  addDelta(index: number, type: string, text: unknown): void {
    // A signature says nothing by itself.
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
