/**
 * Where the events of a Responses stream belong. llama-server leaves out `output_index` and
 * `content_index`, which SDKs go by; which item and part is meant follows from its id and the order.
 */
import { isObject } from '../../util/object.ts'

type Fields = Record<string, unknown>

/** The events of a part within an item, by the first words of their type, and what their index is called. */
const PART_INDEX: Readonly<Record<string, string>> = {
  content_part: 'content_index',
  output_text: 'content_index',
  refusal: 'content_index',
  reasoning_text: 'content_index',
  reasoning_summary_part: 'summary_index',
  reasoning_summary_text: 'summary_index',
}

/** The other events of an item, by the first words of their type. */
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

/** Whether events of a type belong to an item; unknown types may use the same fields for anything. */
export function belongsToItem(type: string): boolean {
  const [origin, name = ''] = type.split('.')
  return origin === 'response' && (OF_ITEM.has(name) || Object.hasOwn(PART_INDEX, name))
}

export class ResponseIndexes {
  /** Which item has an id, or is the call of one. */
  readonly #items = new Map<string, number>()
  /** How many parts of each kind an item has: `0 content_index`. */
  readonly #parts = new Map<string, number>()
  #last = -1

  /** Supplies what is missing, in place. Returns whether anything was. */
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
    const known = ids.map((id) => this.#items.get(String(id)))
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
