/** Writes the content blocks of a streamed message, one after the other. */
import type { ToolCallDelta } from '../../wire/chat/request.ts'
import { incompleteAnswer, PartialToolCall } from '../partial-tool-call.ts'
import { SequentialParts } from '../sequential-parts.ts'
import { deltaFrame, eventFrame } from './events.ts'

interface ToolCallBlock {
  kind: 'call'
  call: PartialToolCall
}

type Block = { kind: 'text' | 'thinking'; held: string } | ToolCallBlock

/**
 * Only one block may be open. A text ends when another block starts; a call ends when its arguments are
 * complete, or when the message ends. Until then later blocks stay pending.
 */
export class MessageOutput {
  readonly #newId: () => string
  readonly #calls = new Map<number, ToolCallBlock>()
  readonly #blocks: SequentialParts<Block>
  #frames = ''

  constructor(newId: () => string) {
    this.#newId = newId
    this.#blocks = new SequentialParts<Block>({
      canBegin: (block) => block.kind !== 'call' || block.call.name !== '',
      isComplete: (block) => block.kind !== 'call' || block.call.isComplete(),
      begin: (block, index) => {
        const content_block = this.#emptyBlock(block)
        this.#frames += eventFrame({ type: 'content_block_start', index, content_block })
      },
      writePending: (block, index) => this.#writePending(block, index),
      end: (block, index) => this.#end(block, index),
    })
  }

  /** Whether the model called a tool. */
  get hasCalls(): boolean {
    return this.#calls.size > 0
  }

  /** Returns the frames for a delta of text or thinking. */
  writeText(kind: 'text' | 'thinking', piece: string): string {
    const { last } = this.#blocks
    if (last?.kind !== kind) this.#blocks.add({ kind, held: piece })
    else if (this.#blocks.isCurrent(last)) return this.#deltaFrame(last, this.#blocks.index, piece)
    else last.held += piece
    return this.#advance(false)
  }

  /** Returns the frames for a delta of a tool call. Throws an `ApiError` (502) if the call has ended. */
  writeToolCall(piece: ToolCallDelta): string {
    let block = this.#calls.get(piece.index)
    if (block === undefined) {
      block = { kind: 'call', call: new PartialToolCall() }
      this.#calls.set(piece.index, block)
      this.#blocks.add(block)
    }
    const text = block.call.add(piece)
    if (this.#blocks.isCurrent(block)) return this.#deltaFrame(block, this.#blocks.index, text)
    block.call.addPending(text)
    return this.#advance(false)
  }

  /** Returns the frames for everything that is pending, and ends all blocks. */
  finish(): string {
    return this.#advance(true)
  }

  #advance(isEnd: boolean): string {
    this.#blocks.advance(isEnd)
    const frames = this.#frames
    this.#frames = ''
    return frames
  }

  #emptyBlock(block: Block): object {
    if (block.kind === 'text') return { type: 'text', text: '', citations: null }
    if (block.kind === 'thinking') return { type: 'thinking', thinking: '', signature: '' }
    const { id, name } = (block as { call: PartialToolCall }).call
    if (name === '') throw incompleteAnswer('called a tool without naming it')
    return { type: 'tool_use', id: id || this.#newId(), name, input: {} }
  }

  #writePending(block: Block, index: number): void {
    const held = block.kind === 'call' ? block.call.takePending() : block.held
    if (block.kind !== 'call') block.held = ''
    this.#frames += this.#deltaFrame(block, index, held)
  }

  #deltaFrame({ kind }: Block, index: number, piece: string): string {
    if (piece === '') return ''
    const [type, field] = DELTAS[kind]
    return deltaFrame(index, type, field, piece)
  }

  #end(block: Block, index: number): void {
    if (block.kind === 'call') block.call.close()
    // sluice has no key to sign with. Some clients drop thinking without a signature; an empty one
    // claims nothing.
    if (block.kind === 'thinking') {
      this.#frames += deltaFrame(index, 'signature_delta', 'signature', '')
    }
    this.#frames += eventFrame({ type: 'content_block_stop', index })
  }
}

const DELTAS = {
  text: ['text_delta', 'text'],
  thinking: ['thinking_delta', 'thinking'],
  call: ['input_json_delta', 'partial_json'],
} as const
