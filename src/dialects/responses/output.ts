/** The output of a response as it grows: chat deltas in, items and their events out. */
import type { ToolCallDelta } from '../../wire/chat.ts'
import { isObject } from '../../wire/object.ts'
import type { ItemStatus, OutputItem, ResponsePart, TokenLogprob } from '../../wire/responses.ts'
import { toCarried } from './carried.ts'
import { type EventWriter, headOf } from './events.ts'

type PartType = 'output_text' | 'refusal' | 'reasoning_text' | 'summary_text'

/** Where a part stands in its item, the field that holds its text, and how its events begin. */
const PARTS = {
  output_text: {
    list: 'content',
    at: 'content_index',
    field: 'text',
    part: 'content_part',
    text: 'output_text',
  },
  refusal: {
    list: 'content',
    at: 'content_index',
    field: 'refusal',
    part: 'content_part',
    text: 'refusal',
  },
  reasoning_text: {
    list: 'content',
    at: 'content_index',
    field: 'text',
    part: 'content_part',
    text: 'reasoning_text',
  },
  summary_text: {
    list: 'summary',
    at: 'summary_index',
    field: 'text',
    part: 'reasoning_summary_part',
    text: 'reasoning_summary_text',
  },
} as const

interface OpenPart {
  type: PartType
  index: number
  part: ResponsePart
}

/** An item that is not finished, and the piece of it that is being said. */
interface OpenItem {
  index: number
  item: OutputItem
  part?: OpenPart | undefined
  /** What stands before the text of its next delta. */
  head?: string
}

/** A call whose name has not come yet waits with the arguments that have. */
interface PendingCall {
  id: string
  name: string
  text: string
  open?: OpenItem
}

export interface OutputOptions {
  /** What all ids of this response share. */
  key: string
  /** Whether what the model thinks is told as the summary of it. */
  summarizes: boolean
  /** Whether the client carries what the model thinks from request to request. */
  carries: boolean
}

export class Output {
  readonly items: OutputItem[] = []
  readonly #events: EventWriter
  readonly #options: OutputOptions
  /** The message or the reasoning that is being said. */
  #speech: OpenItem | undefined
  readonly #calls = new Map<number, PendingCall>()

  constructor(events: EventWriter, options: OutputOptions) {
    this.#events = events
    this.#options = options
  }

  think(delta: string): void {
    this.#say('reasoning', this.#options.summarizes ? 'summary_text' : 'reasoning_text', delta)
  }

  say(delta: string, logprobs: TokenLogprob[]): void {
    this.#say('message', 'output_text', delta, logprobs)
  }

  refuse(delta: string): void {
    this.#say('message', 'refusal', delta)
  }

  call(piece: ToolCallDelta): void {
    const call = this.#callOf(piece.index)
    const { name, arguments: text } = (isObject(piece.function) ? piece.function : {}) as {
      [field: string]: unknown
    }
    if (typeof piece.id === 'string') call.id ||= piece.id
    if (typeof name === 'string') call.name ||= name
    if (call.open === undefined && call.name !== '') this.#openCall(call, piece.index)
    // Some servers give the arguments as the object that they stand for.
    const delta = isObject(text) ? JSON.stringify(text) : text
    if (typeof delta === 'string' && delta !== '') this.#argue(call, delta)
  }

  /** Ends all that is open, in the order in which it began. */
  close(status: ItemStatus): void {
    for (const [index, call] of this.#calls) if (!call.open) this.#openCall(call, index)
    const open = [...this.#calls.values()].map((call) => call.open as OpenItem)
    if (this.#speech) open.push(this.#speech)
    for (const item of open.sort((a, b) => a.index - b.index)) this.#close(item, status)
    this.#speech = undefined
    this.#calls.clear()
  }

  #say(
    kind: 'message' | 'reasoning',
    type: PartType,
    delta: string,
    logprobs?: TokenLogprob[],
  ): void {
    if (this.#speech?.item.type !== kind) this.#openSpeech(kind)
    const speech = this.#speech as OpenItem
    if (speech.part?.type !== type) this.#openPart(speech, type)
    const { part } = speech.part as OpenPart
    const { field } = PARTS[type]
    part[field] = `${part[field]}${delta}`
    if (logprobs) (part.logprobs as TokenLogprob[]).push(...logprobs)
    this.#events.writeDelta(speech.head as string, delta, logprobs)
  }

  #openSpeech(kind: 'message' | 'reasoning'): void {
    this.#endSpeech()
    const status = 'in_progress' as const
    this.#speech =
      kind === 'message'
        ? this.#open({
            type: 'message',
            id: this.#id('msg'),
            role: 'assistant',
            status,
            content: [],
          })
        : this.#open({ type: 'reasoning', id: this.#id('rs'), status, summary: [], content: [] })
  }

  #endSpeech(): void {
    if (this.#speech) this.#close(this.#speech, 'completed')
    this.#speech = undefined
  }

  #openPart(open: OpenItem, type: PartType): void {
    this.#closePart(open)
    const { list, field, part: name, text } = PARTS[type]
    const part: ResponsePart = {
      type,
      [field]: '',
      ...(type === 'output_text' && { annotations: [], logprobs: [] }),
    }
    const parts = (open.item as unknown as Record<typeof list, ResponsePart[]>)[list]
    open.part = { type, index: parts.length, part }
    parts.push(part)
    const place = placeOf(open)
    open.head = headOf(`response.${text}.delta`, place)
    this.#events.write(`response.${name}.added`, { ...place, part })
  }

  #closePart(open: OpenItem): void {
    if (open.part === undefined) return
    const { type, part } = open.part
    const { field, part: name, text } = PARTS[type]
    const place = placeOf(open)
    const logprobs = type === 'output_text' && { logprobs: part.logprobs }
    this.#events.write(`response.${text}.done`, { ...place, [field]: part[field], ...logprobs })
    this.#events.write(`response.${name}.done`, { ...place, part })
    open.part = undefined
  }

  #callOf(index: number): PendingCall {
    let call = this.#calls.get(index)
    if (call === undefined) {
      call = { id: '', name: '', text: '' }
      this.#calls.set(index, call)
    }
    return call
  }

  /** Some servers give calls no id: its output has to be told from others all the same. */
  #openCall(call: PendingCall, index: number): void {
    this.#endSpeech()
    const call_id = call.id || `call_${this.#options.key}${index}`
    const { name, text } = call
    const status = 'in_progress' as const
    call.open = this.#open({
      type: 'function_call',
      id: this.#id('fc'),
      call_id,
      name,
      arguments: '',
      status,
    })
    call.text = ''
    if (text !== '') this.#argue(call, text)
  }

  #argue(call: PendingCall, delta: string): void {
    if (call.open?.item.type !== 'function_call') {
      call.text += delta
      return
    }
    call.open.item.arguments += delta
    call.open.head ??= headOf('response.function_call_arguments.delta', placeOf(call.open))
    this.#events.writeDelta(call.open.head, delta)
  }

  #open(item: OutputItem): OpenItem {
    const open = { index: this.items.length, item }
    this.items.push(item)
    this.#events.write('response.output_item.added', { output_index: open.index, item })
    return open
  }

  #close(open: OpenItem, status: ItemStatus): void {
    const { index, item } = open
    this.#closePart(open)
    if (item.type === 'function_call') {
      const { name, arguments: text } = item
      const done = { ...placeOf(open), name, arguments: text }
      this.#events.write('response.function_call_arguments.done', done)
    }
    if (item.type === 'reasoning' && this.#options.carries) {
      const parts = [...item.summary, ...(item.content ?? [])]
      item.encrypted_content = toCarried(parts.map(({ text }) => text).join(''))
    }
    item.status = status
    this.#events.write('response.output_item.done', { output_index: index, item })
  }

  #id(prefix: string): string {
    return `${prefix}_${this.#options.key}${this.items.length}`
  }
}

function placeOf({ index, item, part }: OpenItem) {
  const place = { item_id: item.id, output_index: index }
  return part ? { ...place, [PARTS[part.type].at]: part.index } : place
}
