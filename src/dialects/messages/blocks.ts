/** The blocks of a streamed message: one after the other, whatever order their pieces came in. */
import type { ToolCallDelta } from '../../wire/chat.ts'
import type { MessageEvent } from '../../wire/messages-answer.ts'
import { namedFrame } from '../../wire/sse.ts'
import { badCall } from './answer.ts'

interface Block {
  kind: 'text' | 'thinking' | 'call'
  /** What came and was not told yet. */
  pending: string
  id: string
  name: string
  /** All of a call's arguments so far. */
  input: string
  isOpen: boolean
  isClosed: boolean
}

/**
 * Only one block may be open. A text ends where anything else begins; a call ends when its arguments
 * are whole, or the message is: until then what comes of later blocks waits.
 */
export class BlockWriter {
  readonly #newId: () => string
  readonly #blocks: Block[] = []
  readonly #calls = new Map<number, Block>()
  /** The first block that has not been told to its end. */
  #at = 0

  constructor(newId: () => string) {
    this.#newId = newId
  }

  /** Whether a tool was called. */
  get hasCalls(): boolean {
    return this.#calls.size > 0
  }

  /** The frames for a piece of text or thinking. */
  say(kind: 'text' | 'thinking', piece: string): string {
    const last = this.#blocks.at(-1)
    const block = last?.kind === kind ? last : this.#add(kind)
    block.pending += piece
    return this.#advance(false)
  }

  /** The frames for a piece of a tool call. Throws an `ApiError` (502) where it comes too late. */
  call({ index, id, function: called }: ToolCallDelta): string {
    let block = this.#calls.get(index)
    if (block === undefined) {
      block = this.#add('call')
      this.#calls.set(index, block)
    }
    block.id ||= id ?? ''
    block.name ||= called?.name ?? ''
    const piece = called?.arguments ?? ''
    if (block.isClosed && piece.trim() !== '') {
      throw badCall(
        `went on with the arguments of ${JSON.stringify(block.name)} after they were whole`,
      )
    }
    if (!block.isClosed) {
      block.pending += piece
      block.input += piece
    }
    return this.#advance(false)
  }

  /** The frames for all that is left. */
  finish(): string {
    return this.#advance(true)
  }

  #add(kind: Block['kind']): Block {
    const block = { kind, pending: '', id: '', name: '', input: '', isOpen: false, isClosed: false }
    this.#blocks.push(block)
    return block
  }

  #advance(isEnd: boolean): string {
    let frames = ''
    for (;;) {
      const block = this.#blocks[this.#at]
      if (block === undefined) return frames
      const isKnown = block.kind !== 'call' || block.name !== '' || isEnd
      if (!isKnown) return frames
      frames += this.#open(block) + this.#grow(block)
      const hasNext = this.#at + 1 < this.#blocks.length
      if (!isEnd && !(hasNext && isOver(block))) return frames
      frames += this.#close(block)
    }
  }

  #open(block: Block): string {
    if (block.isOpen) return ''
    block.isOpen = true
    return event({
      type: 'content_block_start',
      index: this.#at,
      content_block: this.#empty(block),
    })
  }

  #empty({ kind, id, name }: Block): object {
    if (kind === 'text') return { type: 'text', text: '', citations: null }
    if (kind === 'thinking') return { type: 'thinking', thinking: '', signature: '' }
    if (name === '') throw badCall('called a tool without naming it')
    return { type: 'tool_use', id: id || this.#newId(), name, input: {} }
  }

  #grow(block: Block): string {
    const { kind, pending } = block
    if (pending === '') return ''
    block.pending = ''
    const [type, field] = DELTAS[kind]
    return delta(this.#at, type, field, pending)
  }

  #close(block: Block): string {
    block.isClosed = true
    const index = this.#at++
    // There is nothing to sign with. Some clients forget a thought that came without a signature,
    // and an empty one is no claim.
    const signature =
      block.kind === 'thinking' ? delta(index, 'signature_delta', 'signature', '') : ''
    return signature + event({ type: 'content_block_stop', index })
  }
}

const DELTAS = {
  text: ['text_delta', 'text'],
  thinking: ['thinking_delta', 'thinking'],
  call: ['input_json_delta', 'partial_json'],
} as const

export function event(event: MessageEvent): string {
  return namedFrame(event.type, JSON.stringify(event))
}

/** A token costs one `JSON.stringify` of its text. */
function delta(index: number, type: string, field: string, text: string): string {
  const json = `{"type":"content_block_delta","index":${index},"delta":{"type":"${type}","${field}":${JSON.stringify(text)}}}`
  return namedFrame('content_block_delta', json)
}

function isOver({ kind, input }: Block): boolean {
  if (kind !== 'call') return true
  try {
    JSON.parse(input)
    return true
  } catch {
    return false
  }
}
