/** A call of a tool as an item of a response: of the type that the client declared the tool with. */

import { parseObject } from '../../wire/object.ts'
import type { ItemStatus, OutputItem } from '../../wire/responses.ts'
import { badCall, CallPieces } from '../call-pieces.ts'
import type { ClientTool } from './client-tools.ts'
import { type EventWriter, headOf } from './events.ts'
import { InputText } from './input-text.ts'
import type { Called } from './toolset.ts'

type Fields = Record<string, unknown>

/** What the calls of one response share. */
export interface CallContext {
  events: EventWriter
  items: OutputItem[]
  calledBy: (name: string) => Called | undefined
  /** A new item's id. */
  id: (prefix: string) => string
}

/** How a call's text is told while it comes. */
const STREAMED = {
  function: {
    type: 'function_call',
    prefix: 'fc',
    field: 'arguments',
    event: 'response.function_call_arguments',
  },
  custom: {
    type: 'custom_tool_call',
    prefix: 'ctc',
    field: 'input',
    event: 'response.custom_tool_call_input',
  },
} as const

/**
 * The text of a function or a custom tool is told as it comes. What other tools are called with is
 * an object, which is told when it is whole.
 */
export class CallItem {
  readonly pieces = new CallPieces()
  readonly #context: CallContext
  readonly #key: string
  #called: Called = { kind: 'function', name: '' }
  #item: Fields = {}
  #index = 0
  #head = ''
  #input: InputText | undefined

  constructor(context: CallContext, key: string) {
    this.#context = context
    this.#key = key
  }

  /** A call whose name has not come yet waits with the arguments that have. */
  canBegin(): boolean {
    return this.pieces.name !== ''
  }

  begin(): void {
    const { name } = this.pieces
    this.#called = this.#context.calledBy(name) ?? { kind: 'function', name }
    if (this.#called.kind === 'client') return
    const { kind, ...named } = this.#called
    const { type, prefix, field, event } = STREAMED[kind]
    if (kind === 'custom') this.#input = new InputText()
    this.#open({
      type,
      id: this.#context.id(prefix),
      call_id: this.#callId(),
      ...named,
      [field]: '',
    })
    this.#head = headOf(`${event}.delta`, this.#place())
  }

  grow(): void {
    this.tell(this.pieces.takeHeld())
  }

  /** Tells a piece of the arguments, once the item is open. */
  tell(piece: string): void {
    if (piece === '' || this.#called.kind === 'client') return
    this.#say(this.#input === undefined ? piece : this.#input.add(piece))
  }

  /** Throws an `ApiError` (502) for a call that its client could do nothing with. */
  end(status: ItemStatus): void {
    this.pieces.close()
    if (this.#called.kind === 'client') {
      this.#tellWhole(this.#called.client, status)
      return
    }
    if (this.#input) this.#say(this.#input.end())
    const { field, event } = STREAMED[this.#called.kind]
    const item = this.#item
    const named = this.#called.kind === 'function' && { name: item.name }
    this.#context.events.write(`${event}.done`, {
      ...this.#place(),
      ...named,
      [field]: item[field],
    })
    this.#close(status)
  }

  #tellWhole(client: ClientTool, status: ItemStatus): void {
    const args = parseObject(this.pieces.text || '{}')
    const own = args && client.toItem(args)
    if (own === undefined) {
      // A call that was cut off is none; that the response is incomplete tells of it.
      if (status === 'incomplete') return
      throw badCall(`called ${JSON.stringify(this.pieces.name)} with other arguments than it takes`)
    }
    const id = this.#context.id(client.prefix)
    this.#open({ type: client.call, id, call_id: this.#callId(), ...own })
    this.#close(status)
  }

  #say(delta: string): void {
    if (delta === '') return
    const item = this.#item as { arguments: string; input: string }
    if (this.#input === undefined) item.arguments += delta
    else item.input += delta
    this.#context.events.writeDelta(this.#head, delta)
  }

  /** Some servers give calls no id: its output has to be told from others all the same. */
  #callId(): string {
    return this.pieces.id || `${this.#context.id('call')}_${this.#key}`
  }

  #open(item: Fields): void {
    const { items, events } = this.#context
    this.#item = { ...item, status: 'in_progress' }
    this.#index = items.length
    items.push(this.#item as unknown as OutputItem)
    events.write('response.output_item.added', { output_index: this.#index, item: this.#item })
  }

  #close(status: ItemStatus): void {
    const item = this.#item
    item.status = status
    this.#context.events.write('response.output_item.done', { output_index: this.#index, item })
  }

  #place() {
    return { item_id: this.#item.id, output_index: this.#index }
  }
}
