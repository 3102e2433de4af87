/**
 * Supplies `output_index` and `content_index` in the events of a Responses stream. llama-server leaves
 * them out, but SDKs need them; they follow from the item's id and the order of events.
 */
import { isObject } from '../../util/object.ts'

type Fields = Record<string, unknown>

/** The events of a part, by the second word of their type, and the name of their index field. */
const PART_INDEX: Readonly<Record<string, string>> = {
  content_part: 'content_index',
  output_text: 'content_index',
  refusal: 'content_index',
  reasoning_text: 'content_index',
  reasoning_summary_part: 'summary_index',
  reasoning_summary_text: 'summary_index',
}

/** The other events of an item, by the second word of their type. */
const OF_ITEM = new Set([
  'code_interpreter_call',
  'code_interpreter_call_code',
  'compaction',
  'custom_tool_call_input',
  'file_search_call',
  'function_call_arguments',
  'image_generation_call',
  'mcp_call',
  'mcp_call_arguments',
  'mcp_list_tools',
  'output_item',
  'shell_call_command',
  'shell_call_output_content',
  'web_search_call',
])

/** Whether events of a type belong to an item; events of unknown types may use the same fields otherwise. */
export function belongsToItem(type: string): boolean {
  const [origin, name = ''] = type.split('.')
  return origin === 'response' && (OF_ITEM.has(name) || Object.hasOwn(PART_INDEX, name))
}

export class ResponseIndexes {
  /** The index of each item, by its id and its call_id. */
  readonly #items = new Map<string, number>()
  /** The number of parts of each kind of an item, by keys such as `0 content_index`. */
  readonly #parts = new Map<string, number>()
  #last = -1

  /** Supplies missing indexes, in place. Returns whether any was missing. */
  supply(type: string, event: Fields): boolean {
    const [, name = '', what] = type.split('.')
    const isItem = name === 'output_item'
    if (!isItem && event.item_id === undefined && !Object.hasOwn(PART_INDEX, name)) return false
    const isNew = isItem && what === 'added'
    const isPlaced = typeof event.output_index === 'number'
    if (!isPlaced) event.output_index = isNew ? this.#last + 1 : this.#find(event)
    if (isNew) this.#add(event)
    return this.#supplyPart(name, what === 'added', event) || !isPlaced
  }

  #find({ item_id, item }: Fields): number {
    const ids = isObject(item) ? [item.id, item.call_id] : [item_id]
    const known = ids.map((id) => (typeof id === 'string' ? this.#items.get(id) : undefined))
    return known.find((index) => index !== undefined) ?? Math.max(0, this.#last)
  }

  #add({ output_index: index, item }: Fields): void {
    this.#last = Math.max(this.#last, index as number)
    if (!isObject(item)) return
    for (const id of [item.id, item.call_id]) {
      if (typeof id === 'string') this.#items.set(id, index as number)
    }
  }

  #supplyPart(name: string, isNew: boolean, event: Fields): boolean {
    const field = Object.hasOwn(PART_INDEX, name) ? (PART_INDEX[name] as string) : undefined
    if (field === undefined) return false
    const key = `${event.output_index} ${field}`
    const count = this.#parts.get(key) ?? 0
    if (isNew) this.#parts.set(key, count + 1)
    if (typeof event[field] === 'number') return false
    event[field] = isNew ? count : Math.max(0, count - 1)
    return true
  }
}
