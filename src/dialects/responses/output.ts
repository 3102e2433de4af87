/** The output of a response as it grows: chat deltas in, items and their events out. */
import type { ToolCallDelta } from '../../wire/chat/request.ts'
import type {
  ItemStatus,
  OutputItem,
  ResponsePart,
  TokenLogprob,
} from '../../wire/responses/request.ts'
import { badCall } from '../partial-tool-call.ts'
import { OneAtATime } from '../sequential-parts.ts'
import { type CallContext, CallItem } from './call-item.ts'
import { toCarried } from './encrypted-content.ts'
import { type EventWriter, headOf } from './events.ts'
import type { Called } from './tools.ts'

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

/** A message or reasoning, and the deltas that are held back. */
interface Speech {
  kind: 'message' | 'reasoning'
  open?: OpenItem
  waiting: { type: PartType; delta: string; logprobs: TokenLogprob[] | undefined }[]
}

type Part = Speech | CallItem

export interface OutputOptions {
  /** What all ids of this response share. */
  key: string
  /** Whether what the model thinks is sent as a reasoning summary. */
  summarizes: boolean
  /** Whether the client carries what the model thinks from request to request. */
  carries: boolean
  /** Whether what the model says becomes a `compaction` item. */
  compacts?: boolean
  /** What a function that the model calls was declared as. */
  calledBy?: (name: string) => Called | undefined
}

export class ResponseOutput {
  readonly items: OutputItem[] = []
  readonly #events: EventWriter
  readonly #options: OutputOptions
  readonly #parts: OneAtATime<Part>
  readonly #calls = new Map<number, CallItem>()
  /** What the items get that are still open at the end. */
  #status: ItemStatus = 'completed'
  /** What was said where it is to be a `compaction` item. */
  #summary = ''

  constructor(events: EventWriter, options: OutputOptions) {
    this.#events = events
    this.#options = options
    const context: CallContext = {
      events,
      items: this.items,
      calledBy: options.calledBy ?? (() => undefined),
      id: (prefix) => this.#id(prefix),
    }
    this.#context = context
    this.#parts = new OneAtATime<Part>({
      canBegin: (part) => !(part instanceof CallItem) || part.canBegin(),
      isWhole,
      begin: (part) => (part instanceof CallItem ? part.begin() : this.#openSpeech(part)),
      grow: (part) => (part instanceof CallItem ? part.grow() : this.#sayWaiting(part)),
      end: (part) => this.#end(part),
    })
  }

  readonly #context: CallContext

  think(delta: string): void {
    this.#say('reasoning', this.#options.summarizes ? 'summary_text' : 'reasoning_text', delta)
  }

  say(delta: string, logprobs: TokenLogprob[]): void {
    if (this.#options.compacts) this.#summary += delta
    else this.#say('message', 'output_text', delta, logprobs)
  }

  refuse(delta: string): void {
    this.#say('message', 'refusal', delta)
  }

  /** Throws an `ApiError` (502) if arguments arrive after the call was closed. */
  call(piece: ToolCallDelta): void {
    // Where a summary is asked for, nothing may be called.
    if (this.#options.compacts) return
    let call = this.#calls.get(piece.index)
    if (call === undefined) {
      call = new CallItem(this.#context, `${piece.index}`)
      this.#calls.set(piece.index, call)
      this.#parts.add(call)
    }
    const text = call.pieces.add(piece)
    if (this.#parts.isCurrent(call)) {
      call.write(text)
      return
    }
    call.pieces.hold(text)
    this.#parts.advance()
  }

  /** Ends all that is open, in the order in which it began. Throws an `ApiError` (502). */
  close(status: ItemStatus): void {
    this.#status = status
    this.#parts.advance(true)
    if (this.#options.compacts) this.#compact()
  }

  #say(kind: Speech['kind'], type: PartType, delta: string, logprobs?: TokenLogprob[]): void {
    const { last } = this.#parts
    let speech = last instanceof CallItem || last?.kind !== kind ? undefined : last
    if (speech === undefined) {
      speech = { kind, waiting: [] }
      this.#parts.add(speech)
      this.#parts.advance()
    }
    if (this.#parts.isCurrent(speech)) this.#sayNow(speech, type, delta, logprobs)
    else speech.waiting.push({ type, delta, logprobs })
  }

  #sayNow({ open }: Speech, type: PartType, delta: string, logprobs?: TokenLogprob[]): void {
    const speech = open as OpenItem
    if (speech.part?.type !== type) this.#openPart(speech, type)
    const { part } = speech.part as OpenPart
    const { field } = PARTS[type]
    part[field] = `${part[field]}${delta}`
    if (logprobs) (part.logprobs as TokenLogprob[]).push(...logprobs)
    this.#events.writeDelta(speech.head as string, delta, logprobs)
  }

  #sayWaiting(speech: Speech): void {
    for (const { type, delta, logprobs } of speech.waiting.splice(0)) {
      this.#sayNow(speech, type, delta, logprobs)
    }
  }

  #openSpeech(speech: Speech): void {
    const status = 'in_progress' as const
    speech.open =
      speech.kind === 'message'
        ? this.#open({
            type: 'message',
            id: this.#id('msg'),
            role: 'assistant',
            status,
            content: [],
          })
        : this.#open({ type: 'reasoning', id: this.#id('rs'), status, summary: [], content: [] })
  }

  /** What is whole and followed by something else was said to its end. */
  #end(part: Part): void {
    const isOver = isWhole(part) && this.#parts.last !== part
    const status = isOver ? 'completed' : this.#status
    if (part instanceof CallItem) part.end(status)
    else this.#endSpeech(part, status)
  }

  #endSpeech(speech: Speech, status: ItemStatus): void {
    const { index, item } = speech.open as OpenItem
    this.#closePart(speech.open as OpenItem)
    if (item.type === 'reasoning' && this.#options.carries) {
      const parts = [...item.summary, ...(item.content ?? [])]
      item.encrypted_content = toCarried(parts.map(({ text }) => text).join(''))
    }
    item.status = status
    this.#events.write('response.output_item.done', { output_index: index, item })
  }

  /** Throws an `ApiError` (502) where the model said nothing. */
  #compact(): void {
    if (this.#summary.trim() === '') throw badCall('wrote no summary of the conversation')
    const encrypted_content = toCarried(this.#summary)
    const item = { type: 'compaction', id: this.#id('cmp'), encrypted_content } as const
    const { index } = this.#open(item as unknown as OutputItem)
    this.#events.write('response.output_item.done', { output_index: index, item })
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

  #open(item: OutputItem): OpenItem {
    const open = { index: this.items.length, item }
    this.items.push(item)
    this.#events.write('response.output_item.added', { output_index: open.index, item })
    return open
  }

  #id(prefix: string): string {
    return `${prefix}_${this.#options.key}${this.items.length}`
  }
}

function isWhole(part: Part): boolean {
  return !(part instanceof CallItem) || part.pieces.isWhole()
}

function placeOf({ index, item, part }: OpenItem) {
  const place = { item_id: item.id, output_index: index }
  return part ? { ...place, [PARTS[part.type].at]: part.index } : place
}
