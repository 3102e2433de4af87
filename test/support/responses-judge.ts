import type { ResponsesEvent, ResponsesRead } from './responses.ts'
import { CALL_TEXT, check, checkItem, checkPart, EVENTS, type Fields } from './responses-shapes.ts'

const STATUS: Record<string, string[]> = {
  'response.created': ['queued', 'in_progress'],
  'response.queued': ['queued'],
  'response.in_progress': ['in_progress'],
  'response.completed': ['completed'],
  'response.incomplete': ['incomplete'],
  'response.failed': ['failed', 'cancelled'],
}

const TERMINAL = new Set(['response.completed', 'response.incomplete', 'response.failed'])

/** The field that holds a part's text, by the part's type. */
export const TEXT_OF: Record<string, string> = {
  output_text: 'text',
  refusal: 'refusal',
  reasoning_text: 'text',
  summary_text: 'text',
}

/** The part's type that belongs to an event, by the event's name without `.delta` or `.done`. */
const PART_OF: Record<string, string> = {
  'response.output_text': 'output_text',
  'response.refusal': 'refusal',
  'response.reasoning_text': 'reasoning_text',
  'response.reasoning_summary_text': 'summary_text',
}

interface ItemState {
  item: Fields
  done: boolean
  /** Parts of each list, by index. */
  parts: Map<string, { type: string; text: string; textDone: boolean; done: boolean }>
  /** A call's arguments so far. */
  text: string
  textDone: boolean
}

export class Judge {
  readonly #problems: string[]
  readonly #items: ItemState[] = []
  readonly #logprobs: unknown[] = []
  #next: number
  readonly #first: number
  #id: unknown
  #response: Fields | undefined
  #ended: string | undefined
  #hasError = false
  #hasBegun = false

  constructor(problems: string[], first: number) {
    this.#problems = problems
    this.#first = first
    this.#next = first
  }

  take(event: ResponsesEvent): void {
    const { type } = event
    const fields = EVENTS[type]
    if (fields === undefined) {
      this.#problem(`an unknown event ${type}`)
      return
    }
    if (this.#ended) this.#problem(`${type} after ${this.#ended}`)
    if (this.#hasError && type !== 'response.failed') this.#problem(`${type} after error`)
    if (event.sequence_number !== this.#next) {
      this.#problem(`${type} has number ${event.sequence_number} instead of ${this.#next}`)
    }
    this.#next = event.sequence_number + 1
    for (const [field, kind] of Object.entries(fields)) {
      check(event[field], kind, `${type}.${field}`, this.#problems)
    }
    // A stream that was picked up again does not begin at the beginning.
    if (this.#first === 0) this.#order(type)
    if (type === 'error') this.#hasError = true
    else if (event.response) this.#takeResponse(type, event.response as Fields)
    else if (this.#first === 0) this.#takePiece(event)
  }

  read(): Omit<ResponsesRead, 'events'> {
    const parts = this.#items.flatMap(({ parts }) => [...parts.values()])
    const joined = (type: string) =>
      parts
        .filter((part) => part.type === type)
        .map((part) => part.text)
        .join('')
    const calls = this.#items
      .filter(({ item }) => item.type === 'function_call')
      .map(({ item, text }) => ({
        call_id: item.call_id as string,
        name: item.name as string,
        arguments: text,
      }))
    return {
      problems: this.#problems,
      outcome: (this.#ended?.slice('response.'.length) ?? 'truncated') as ResponsesRead['outcome'],
      response: this.#response,
      text: joined('output_text'),
      reasoning: joined('reasoning_text') + joined('summary_text'),
      refusal: joined('refusal'),
      calls,
      logprobs: this.#logprobs,
      usage: this.#response?.usage as Fields | null | undefined,
      error: this.#response?.error as Fields | null | undefined,
    }
  }

  /** created, queued if it has to wait, in_progress, and only then the output. */
  #order(type: string): void {
    if (this.#next === 1 && type !== 'response.created') this.#problem(`${type} comes first`)
    if (this.#next > 1 && type === 'response.created') this.#problem('a second response.created')
    if (type === 'response.queued' && this.#hasBegun) this.#problem('queued after in_progress')
    if (type === 'response.in_progress') this.#hasBegun = true
    const isOutput = type.startsWith('response.') && !(type in STATUS)
    const isEnd = type === 'response.completed' || type === 'response.incomplete'
    if ((isOutput || isEnd) && !this.#hasBegun) this.#problem(`${type} before in_progress`)
  }

  #takeResponse(type: string, response: Fields): void {
    this.#id ??= response.id
    if (response.id !== this.#id) this.#problem(`${type} is of another response`)
    if (!STATUS[type]?.includes(String(response.status))) {
      this.#problem(`${type} has the status ${response.status}`)
    }
    this.#response = response
    if (!TERMINAL.has(type)) return
    this.#ended = type
    const isFailed = type === 'response.failed'
    // An upstream that speaks the API itself may tell its failure in this event alone.
    if (this.#hasError && !isFailed) this.#problem(`${type} after an error event`)
    if (isFailed !== (response.error !== null)) this.#problem(`${type} and error disagree`)
    if ((type === 'response.incomplete') !== (response.incomplete_details !== null)) {
      this.#problem(`${type} and incomplete_details disagree`)
    }
    if (this.#first > 0) return
    if (!isFailed && this.#items.some(({ done }) => !done)) this.#problem(`${type} with open items`)
    const told = JSON.stringify(response.output)
    if (!isFailed && told !== JSON.stringify(this.#items.map(({ item }) => item))) {
      this.#problem(`${type} tells another output than its items: ${told}`)
    }
  }

  #takePiece(event: ResponsesEvent): void {
    const { type } = event
    const index = event.output_index as number
    if (type === 'response.output_item.added') {
      this.#addItem(event, index)
      return
    }
    const state = this.#items[index]
    if (state === undefined) {
      this.#problem(`${type} of an item that was not added`)
      return
    }
    if (state.done) this.#problem(`${type} of an item that is done`)
    if (type === 'response.output_item.done') {
      this.#endItem(state, event.item as Fields)
      return
    }
    if (event.item_id !== state.item.id) this.#problem(`${type} with another item's id`)
    if (type.startsWith('response.web_search_call')) return
    if (/^response\.(function_call_arguments|custom_tool_call_input)/.test(type)) {
      this.#takeArguments(state, event)
      return
    }
    this.#takePart(state, event)
  }

  #addItem({ item }: ResponsesEvent, index: number): void {
    if (index !== this.#items.length) this.#problem(`item ${index} is added out of order`)
    if (this.#items.some(({ done }) => !done)) this.#problem(`item ${index} is added amid another`)
    checkItem(item, `item ${index}`, this.#problems)
    const given = item as Fields
    const isSummary = given.type === 'compaction'
    if (given.status !== 'in_progress' && !isSummary) {
      this.#problem(`item ${index} is added as ${given.status}`)
    }
    if (this.#items.some((other) => other.item.id === given.id)) {
      this.#problem(`two items have the id ${given.id}`)
    }
    const field = CALL_TEXT[given.type as string]
    const isEmpty =
      field !== undefined
        ? given[field] === ''
        : JSON.stringify([given.content ?? [], given.summary ?? []]) === '[[],[]]'
    if (!isEmpty) this.#problem(`item ${index} is added with content`)
    this.#items.push({ item: given, done: false, parts: new Map(), text: '', textDone: false })
  }

  #endItem(state: ItemState, item: Fields): void {
    checkItem(item, 'a done item', this.#problems)
    const { id, type, call_id, name } = state.item
    if (item.id !== id || item.type !== type) this.#problem('an item changed what it is')
    if (item.call_id !== call_id || item.name !== name) this.#problem('a call changed')
    if (item.status === 'in_progress') this.#problem('a done item is in progress')
    if ([...state.parts.values()].some(({ done }) => !done)) this.#problem('an open part is done')
    const said = [...((item.content as Fields[]) ?? []), ...((item.summary as Fields[]) ?? [])]
    const texts = said.map((part) => part[TEXT_OF[part.type as string] as string])
    const heard = [...state.parts.values()].map(({ text }) => text)
    if (JSON.stringify(texts) !== JSON.stringify(heard)) this.#problem('a done item says otherwise')
    const field = CALL_TEXT[type as string]
    if (field !== undefined) {
      if (!state.textDone) this.#problem('a call is done before its arguments')
      if (item[field] !== state.text) this.#problem('a done call says otherwise')
    }
    state.item = item
    state.done = true
  }

  #takeArguments(state: ItemState, event: ResponsesEvent): void {
    const type = state.item.type as string
    const field = CALL_TEXT[type] ?? ''
    const isOfType = event.type.startsWith(`response.${type}_`)
    if (!isOfType) this.#problem('arguments of what is no such call')
    if (state.textDone) this.#problem('arguments after they were done')
    if (event.type.endsWith('.delta')) {
      state.text += event.delta
      return
    }
    state.textDone = true
    if (event[field] !== state.text) this.#problem('arguments done are others than those told')
    if (type === 'function_call' && event.name !== state.item.name) {
      this.#problem('arguments of another name')
    }
  }

  #takePart(state: ItemState, event: ResponsesEvent): void {
    const { type } = event
    const at = type.includes('summary') ? 'summary_index' : 'content_index'
    const key = `${at} ${event[at]}`
    if (type.endsWith('_part.added')) {
      const part = event.part as Fields
      checkPart(part, type, this.#problems)
      if (event[at] !== state.parts.size) this.#problem(`${type} out of order`)
      if ([...state.parts.values()].some(({ done }) => !done)) this.#problem('two parts are open')
      if (part[TEXT_OF[part.type as string] as string] !== '') this.#problem('a part begins filled')
      const isThought = part.type === 'reasoning_text' || part.type === 'summary_text'
      if (isThought !== (state.item.type === 'reasoning')) this.#problem('a part in a wrong item')
      state.parts.set(key, { type: part.type as string, text: '', textDone: false, done: false })
      return
    }
    const part = state.parts.get(key)
    if (part === undefined || part.done) {
      this.#problem(`${type} of no open part`)
      return
    }
    if (type.endsWith('_part.done')) {
      this.#endPart(part, event.part as Fields)
      return
    }
    const kind = PART_OF[type.replace(/\.(delta|done)$/, '')]
    if (part.type !== kind) this.#problem(`${type} of a part of type ${part.type}`)
    if (part.textDone) this.#problem(`${type} after the text was done`)
    if (type.endsWith('.delta')) {
      part.text += event.delta
      this.#logprobs.push(...((event.logprobs as unknown[]) ?? []))
      return
    }
    part.textDone = true
    if (event[TEXT_OF[part.type] as string] !== part.text) this.#problem(`${type} says otherwise`)
  }

  #endPart(
    state: { type: string; text: string; textDone: boolean; done: boolean },
    part: Fields,
  ): void {
    checkPart(part, 'a done part', this.#problems)
    if (!state.textDone) this.#problem('a part is done before its text')
    if (part[TEXT_OF[state.type] as string] !== state.text)
      this.#problem('a done part says otherwise')
    state.done = true
  }

  #problem(what: string): void {
    if (this.#problems.length < 20) this.#problems.push(what)
  }
}
