// Judges streams of the Responses API by its public description alone: OpenAPI 2.3.0, and the types
// of the openai package. It knows nothing of src.

export interface ResponsesEvent {
  type: string
  sequence_number: number
  [field: string]: unknown
}

/** What a client that reads the events puts together. */
export interface ResponsesRead {
  events: ResponsesEvent[]
  /** What was wrong: with framing, fields, numbers or order. */
  problems: string[]
  /** How the stream ended; `truncated` where no event says so. */
  outcome: 'completed' | 'incomplete' | 'failed' | 'truncated'
  /** The last response that an event told. */
  response: Fields | undefined
  text: string
  reasoning: string
  refusal: string
  calls: { call_id: string; name: string; arguments: string }[]
  logprobs: unknown[]
  usage: Fields | null | undefined
  error: Fields | null | undefined
}

type Fields = Record<string, unknown>
type Kind =
  | 'string'
  | 'number'
  | 'integer'
  | 'array'
  | 'object'
  | 'boolean'
  | 'text or null'
  | 'response'

const place: Record<string, Kind> = { item_id: 'string', output_index: 'integer' }
const inContent: Record<string, Kind> = { ...place, content_index: 'integer' }
const inSummary: Record<string, Kind> = { ...place, summary_index: 'integer' }
const whole: Record<string, Kind> = { response: 'response' }

/** Every event that a text model's response may have, and its required fields. */
const EVENTS: Record<string, Record<string, Kind>> = {
  error: { code: 'text or null', message: 'string', param: 'text or null' },
  'response.created': whole,
  'response.queued': whole,
  'response.in_progress': whole,
  'response.completed': whole,
  'response.incomplete': whole,
  'response.failed': whole,
  'response.output_item.added': { output_index: 'integer', item: 'object' },
  'response.output_item.done': { output_index: 'integer', item: 'object' },
  'response.content_part.added': { ...inContent, part: 'object' },
  'response.content_part.done': { ...inContent, part: 'object' },
  'response.output_text.delta': { ...inContent, delta: 'string', logprobs: 'array' },
  'response.output_text.done': { ...inContent, text: 'string', logprobs: 'array' },
  'response.refusal.delta': { ...inContent, delta: 'string' },
  'response.refusal.done': { ...inContent, refusal: 'string' },
  'response.reasoning_text.delta': { ...inContent, delta: 'string' },
  'response.reasoning_text.done': { ...inContent, text: 'string' },
  'response.reasoning_summary_part.added': { ...inSummary, part: 'object' },
  'response.reasoning_summary_part.done': { ...inSummary, part: 'object' },
  'response.reasoning_summary_text.delta': { ...inSummary, delta: 'string' },
  'response.reasoning_summary_text.done': { ...inSummary, text: 'string' },
  'response.web_search_call.in_progress': place,
  'response.web_search_call.searching': place,
  'response.web_search_call.completed': place,
  'response.function_call_arguments.delta': { ...place, delta: 'string' },
  'response.function_call_arguments.done': { ...place, name: 'string', arguments: 'string' },
  'response.custom_tool_call_input.delta': { ...place, delta: 'string' },
  'response.custom_tool_call_input.done': { ...place, input: 'string' },
}

/** The field that holds the text of a call that is told as it comes. */
const CALL_TEXT: Record<string, string> = { function_call: 'arguments', custom_tool_call: 'input' }

/** Items that are told at once: their call's arguments are an object. */
const AT_ONCE: Record<string, Record<string, Kind>> = {
  tool_search_call: { arguments: 'object', execution: 'string' },
  local_shell_call: { action: 'object' },
  shell_call: { action: 'object' },
  apply_patch_call: { operation: 'object' },
  computer_call: { pending_safety_checks: 'array' },
}

const RESPONSE: Record<string, Kind> = {
  id: 'string',
  created_at: 'integer',
  model: 'string',
  output: 'array',
  parallel_tool_calls: 'boolean',
  tools: 'array',
  status: 'string',
  background: 'boolean',
  text: 'object',
  temperature: 'number',
  top_p: 'number',
  presence_penalty: 'number',
  frequency_penalty: 'number',
  service_tier: 'string',
}

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
const TEXT_OF: Record<string, string> = {
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

/** Reads a stream's whole text; `first` is the number that its first event has to have. */
export function readResponses(text: string, first = 0): ResponsesRead {
  const { events, problems } = parse(text)
  const judge = new Judge(problems, first)
  for (const event of events) judge.take(event)
  return { events, ...judge.read() }
}

/** Reads the stream of a response to its end. */
export async function readResponsesStream(response: Response, first = 0): Promise<ResponsesRead> {
  return readResponses(await response.text(), first)
}

/** Asks an API root (`…/v1`) for a response; a stream unless the body says otherwise. */
export function postResponses(
  root: string,
  body: object,
  init: RequestInit = {},
): Promise<Response> {
  return fetch(`${root}/responses`, {
    method: 'POST',
    ...init,
    headers: { 'content-type': 'application/json', ...init.headers },
    body: JSON.stringify({ model: 'm', input: 'Go.', stream: true, ...body }),
  })
}

/** What is wrong with a response that came whole. */
export function lintResponse(value: unknown): string[] {
  const problems: string[] = []
  checkResponse(value, 'the response', problems)
  return problems
}

/** The one form that is written: `event: TYPE`, LF, `data: JSON`, LF, LF. */
function parse(text: string): { events: ResponsesEvent[]; problems: string[] } {
  const problems: string[] = []
  const events: ResponsesEvent[] = []
  const frames = text.split('\n\n')
  if (frames.pop() !== '') problems.push('it does not end behind a whole event')
  for (const frame of frames) {
    const [, name, data] = /^event: ([\w.]+)\ndata: ([^\n]+)$/.exec(frame) ?? []
    if (name === undefined || data === undefined) {
      problems.push(`a frame of another form: ${JSON.stringify(frame.slice(0, 80))}`)
      continue
    }
    const event = JSON.parse(data) as ResponsesEvent
    if (event.type !== name) problems.push(`an event ${name} that calls itself ${event.type}`)
    events.push(event)
  }
  return { events, problems }
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

class Judge {
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

function check(value: unknown, kind: Kind, at: string, problems: string[]): void {
  const isRight = {
    string: () => typeof value === 'string',
    integer: () => Number.isInteger(value) && (value as number) >= 0,
    array: () => Array.isArray(value),
    object: () => typeof value === 'object' && value !== null && !Array.isArray(value),
    boolean: () => typeof value === 'boolean',
    number: () => typeof value === 'number',
    'text or null': () => value === null || typeof value === 'string',
    response: () => true,
  }[kind]()
  if (!isRight) problems.push(`${at} is no ${kind}: ${JSON.stringify(value)?.slice(0, 80)}`)
  else if (kind === 'response') checkResponse(value, at, problems)
}

function checkResponse(value: unknown, at: string, problems: string[]): void {
  const response = (value ?? {}) as Fields
  if (response.object !== 'response') problems.push(`${at} is no response`)
  for (const [field, kind] of Object.entries(RESPONSE)) {
    check(response[field], kind, `${at}.${field}`, problems)
  }
  for (const field of ['error', 'incomplete_details', 'instructions', 'metadata', 'temperature']) {
    if (!(field in response)) problems.push(`${at} has no ${field}`)
  }
  for (const item of (response.output ?? []) as unknown[]) checkItem(item, `${at}.output`, problems)
  const { usage } = response as { usage?: Fields | null }
  if (usage) {
    for (const field of ['input_tokens', 'output_tokens', 'total_tokens']) {
      check(usage[field], 'integer', `${at}.usage.${field}`, problems)
    }
    const input = usage.input_tokens_details as Fields
    const output = usage.output_tokens_details as Fields
    check(input?.cached_tokens, 'integer', `${at}.usage cached_tokens`, problems)
    check(output?.reasoning_tokens, 'integer', `${at}.usage reasoning_tokens`, problems)
  }
}

const ITEMS: Record<string, Record<string, Kind>> = {
  message: { id: 'string', role: 'string', content: 'array' },
  reasoning: { id: 'string', summary: 'array' },
  web_search_call: { id: 'string' },
  function_call: { id: 'string', call_id: 'string', name: 'string', arguments: 'string' },
  custom_tool_call: { id: 'string', call_id: 'string', name: 'string', input: 'string' },
  compaction: { id: 'string', encrypted_content: 'string' },
  ...Object.fromEntries(
    Object.entries(AT_ONCE).map(([type, fields]) => {
      return [type, { id: 'string', call_id: 'string', ...fields } satisfies Record<string, Kind>]
    }),
  ),
}

function checkItem(value: unknown, at: string, problems: string[]): void {
  const item = (value ?? {}) as Fields
  const fields = ITEMS[item.type as string]
  if (fields === undefined) return void problems.push(`${at} has an unknown type ${item.type}`)
  for (const [field, kind] of Object.entries(fields)) {
    check(item[field], kind, `${at}.${field}`, problems)
  }
  if (item.id === '' || item.call_id === '') problems.push(`${at} has an empty id`)
  const hasStatus = item.type !== 'compaction'
  if (hasStatus && !['in_progress', 'completed', 'incomplete'].includes(String(item.status))) {
    problems.push(`${at} has the status ${item.status}`)
  }
  for (const part of [
    ...((item.content ?? []) as Fields[]),
    ...((item.summary ?? []) as Fields[]),
  ]) {
    checkPart(part, at, problems)
  }
}

function checkPart(part: Fields, at: string, problems: string[]): void {
  const field = TEXT_OF[part.type as string]
  if (field === undefined) return void problems.push(`${at} has a part of type ${part.type}`)
  check(part[field], 'string', `${at}.${field}`, problems)
  if (part.type === 'output_text') check(part.annotations, 'array', `${at}.annotations`, problems)
}
