/** Writes the output item of a tool call; its type depends on how the client declared the tool. */

import { parseObject } from '../../util/object.ts'
import { quoted } from '../../util/safe/quoted.ts'
import type { ItemStatus, OutputItem } from '../../wire/responses/request.ts'
import { incompleteAnswer, PartialToolCall } from '../partial-tool-call.ts'
import type { ResponsesClientTool } from './client-tools.ts'
import { CustomToolInput } from './custom-tool-input.ts'
import { deltaPrefix, type EventWriter } from './events.ts'
import type { DeclaredTool } from './tools.ts'

type Fields = Record<string, unknown>

/** What all calls of a response share. */
export interface CallContext {
  events: EventWriter
  items: OutputItem[]
  declaredAs: (name: string) => DeclaredTool | undefined
  /** Creates an item's id. */
  id: (prefix: string) => string
}

/** The items and events of calls whose text is streamed. */
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
 * The text of function and custom tool calls is streamed. The items of other tools contain an object,
 * so they are written when the arguments are complete.
 */
export class CallItem {
  readonly call = new PartialToolCall()
  readonly #context: CallContext
  readonly #key: string
  #tool: DeclaredTool = { kind: 'function', name: '' }
  #item: Fields = {}
  #index = 0
  #deltaPrefix = ''
  #input: CustomToolInput | undefined

  constructor(context: CallContext, key: string) {
    this.#context = context
    this.#key = key
  }

  /** The item's type depends on the name, so the arguments stay pending until it arrives. */
  canBegin(): boolean {
    return this.call.name !== ''
  }

  begin(): void {
    const { name } = this.call
    this.#tool = this.#context.declaredAs(name) ?? { kind: 'function', name }
    if (this.#tool.kind === 'client') return
    const { kind, ...named } = this.#tool
    const { type, prefix, field, event } = STREAMED[kind]
    if (kind === 'custom') this.#input = new CustomToolInput()
    this.#open({
      type,
      id: this.#context.id(prefix),
      call_id: this.#callId(),
      ...named,
      [field]: '',
    })
    this.#deltaPrefix = deltaPrefix(`${event}.delta`, this.#location())
  }

  writePending(): void {
    this.write(this.call.takePending())
  }

  /** Writes a delta of the arguments. The item must be open. */
  write(piece: string): void {
    if (piece === '' || this.#tool.kind === 'client') return
    this.#writeDelta(this.#input === undefined ? piece : this.#input.add(piece))
  }

  /** Throws an `ApiError` (502) if the arguments do not fit the item. */
  end(status: ItemStatus): void {
    this.call.close()
    if (this.#tool.kind === 'client') {
      this.#writeClientCall(this.#tool.client, status)
      return
    }
    if (this.#input) this.#writeDelta(this.#input.end())
    const { field, event } = STREAMED[this.#tool.kind]
    const item = this.#item
    const named = this.#tool.kind === 'function' && { name: item.name }
    this.#context.events.write(`${event}.done`, {
      ...this.#location(),
      ...named,
      [field]: item[field],
    })
    this.#close(status)
  }

  #writeClientCall(client: ResponsesClientTool, status: ItemStatus): void {
    const args = parseObject(this.call.argumentsText || '{}')
    const own = args && client.toItem(args)
    if (own === undefined) {
      // The token limit cut the call off: the response's status is incomplete.
      if (status === 'incomplete') return
      throw incompleteAnswer(
        `called ${quoted(this.call.name)} with arguments that do not match its schema`,
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
    this.#context.events.writeDelta(this.#deltaPrefix, delta)
  }

  /** Some servers send no id, but the client needs one to return the output. */
  #callId(): string {
    return this.call.id || `${this.#context.id('call')}_${this.#key}`
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

  #location() {
    return { item_id: this.#item.id, output_index: this.#index }
  }
}
