/** The output item for a tool call, of the type that belongs to the tool as the client declared it. */

import { parseObject } from '../../util/object.ts'
import type { ItemStatus, OutputItem } from '../../wire/responses/request.ts'
import { badCall, CallPieces } from '../partial-tool-call.ts'
import type { ResponsesClientTool } from './client-tools.ts'
import { InputText } from './custom-tool-input.ts'
import { type EventWriter, headOf } from './events.ts'
import type { Called } from './tools.ts'

type Fields = Record<string, unknown>

/** What all calls of one response share. */
export interface CallContext {
  events: EventWriter
  items: OutputItem[]
  calledBy: (name: string) => Called | undefined
  /** A new item's id. */
  id: (prefix: string) => string
}

/** How the text of a call is streamed. */
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
 * The text of a function or custom tool call is streamed. The items of other tools hold an object,
 * so they are written once the arguments are complete.
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

  /** The name decides the item's type, so the arguments wait for it. */
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
    this.write(this.pieces.takeHeld())
  }

  /** Writes a piece of the arguments. The item must be open. */
  write(piece: string): void {
    if (piece === '' || this.#called.kind === 'client') return
    this.#writeDelta(this.#input === undefined ? piece : this.#input.add(piece))
  }

  /** Throws an `ApiError` (502) if the arguments do not fit the item. */
  end(status: ItemStatus): void {
    this.pieces.close()
    if (this.#called.kind === 'client') {
      this.#writeWhole(this.#called.client, status)
      return
    }
    if (this.#input) this.#writeDelta(this.#input.end())
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

  #writeWhole(client: ResponsesClientTool, status: ItemStatus): void {
    const args = parseObject(this.pieces.text || '{}')
    const own = args && client.toItem(args)
    if (own === undefined) {
      // The token limit cut the call off: the response's status says so.
      if (status === 'incomplete') return
      throw badCall(
        `called ${JSON.stringify(this.pieces.name)} with arguments that it does not take`,
      )
    }
    const id = this.#context.id(client.prefix)
    this.#open({ type: client.call, id, call_id: this.#callId(), ...own })
    this.#close(status)
  }

  #writeDelta(delta: string): void {
    if (delta === '') return
    const item = this.#item as { arguments: string; input: string }
    if (this.#input === undefined) item.arguments += delta
    else item.input += delta
    this.#context.events.writeDelta(this.#head, delta)
  }

  /** Some servers give calls no id, but the client needs one to send the output. */
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
