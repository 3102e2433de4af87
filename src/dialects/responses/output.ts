/** The output of a response as it grows: chat deltas in, items and their events out. */
import type { ToolCallDelta } from '../../wire/chat/request.ts'
import type {
  ItemStatus,
  OutputItem,
  ResponsePart,
  TokenLogprob,
} from '../../wire/responses/request.ts'
import { incompleteAnswer } from '../partial-tool-call.ts'
import { SequentialParts } from '../sequential-parts.ts'
import { type CallContext, CallItem } from './call-item.ts'
import { toEncryptedContent } from './encrypted-content.ts'
import { deltaPrefix, type EventWriter } from './events.ts'
import type { DeclaredTool } from './tools.ts'

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
  deltaPrefix?: string
}

/** A message or reasoning, and the deltas that are held back. */
interface TextItem {
  kind: 'message' | 'reasoning'
  open?: OpenItem
  pending: { type: PartType; delta: string; logprobs: TokenLogprob[] | undefined }[]
}

type Part = TextItem | CallItem

export interface OutputOptions {
  /** What all ids of this response share. */
  key: string
  /** Whether what the model thinks is sent as a reasoning summary. */
  summarizes: boolean
  /** Whether the client carries what the model thinks from request to request. */
  encryptsReasoning: boolean
  /** Whether what the model says becomes a `compaction` item. */
  isCompaction?: boolean
  /** What a function that the model calls was declared as. */
  declaredAs?: (name: string) => DeclaredTool | undefined
}

export class OutputWriter {
  readonly items: OutputItem[] = []
  readonly #events: EventWriter
  readonly #options: OutputOptions
  readonly #parts: SequentialParts<Part>
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
      declaredAs: options.declaredAs ?? (() => undefined),
      id: (prefix) => this.#id(prefix),
    }
    this.#context = context
    this.#parts = new SequentialParts<Part>({
      canBegin: (part) => !(part instanceof CallItem) || part.canBegin(),
      isComplete,
      begin: (part) => (part instanceof CallItem ? part.begin() : this.#openTextItem(part)),
      writePending: (part) =>
        part instanceof CallItem ? part.writePending() : this.#writePending(part),
      end: (part) => this.#end(part),
    })
  }

  readonly #context: CallContext

  writeReasoning(delta: string): void {
    this.#write('reasoning', this.#options.summarizes ? 'summary_text' : 'reasoning_text', delta)
  }

  writeText(delta: string, logprobs: TokenLogprob[]): void {
    if (this.#options.isCompaction) this.#summary += delta
    else this.#write('message', 'output_text', delta, logprobs)
  }

  writeRefusal(delta: string): void {
    this.#write('message', 'refusal', delta)
  }

  /** Throws an `ApiError` (502) if arguments arrive after the call was closed. */
  writeToolCall(piece: ToolCallDelta): void {
    // Where a summary is asked for, nothing may be called.
    if (this.#options.isCompaction) return
    let call = this.#calls.get(piece.index)
    if (call === undefined) {
      call = new CallItem(this.#context, `${piece.index}`)
      this.#calls.set(piece.index, call)
      this.#parts.add(call)
    }
    const text = call.call.add(piece)
    if (this.#parts.isCurrent(call)) {
      call.write(text)
      return
    }
    call.call.addPending(text)
    this.#parts.advance()
  }

  /** Ends all that is open, in the order in which it began. Throws an `ApiError` (502). */
  close(status: ItemStatus): void {
    this.#status = status
    this.#parts.advance(true)
    if (this.#options.isCompaction) this.#writeCompaction()
  }

  #write(kind: TextItem['kind'], type: PartType, delta: string, logprobs?: TokenLogprob[]): void {
    const { last } = this.#parts
    let speech = last instanceof CallItem || last?.kind !== kind ? undefined : last
    if (speech === undefined) {
      speech = { kind, pending: [] }
      this.#parts.add(speech)
      this.#parts.advance()
    }
    if (this.#parts.isCurrent(speech)) this.#writeNow(speech, type, delta, logprobs)
    else speech.pending.push({ type, delta, logprobs })
  }

  #writeNow({ open }: TextItem, type: PartType, delta: string, logprobs?: TokenLogprob[]): void {
    const speech = open as OpenItem
    if (speech.part?.type !== type) this.#openPart(speech, type)
    const { part } = speech.part as OpenPart
    const { field } = PARTS[type]
    part[field] = `${part[field]}${delta}`
    if (logprobs) (part.logprobs as TokenLogprob[]).push(...logprobs)
    this.#events.writeDelta(speech.deltaPrefix as string, delta, logprobs)
  }

  #writePending(speech: TextItem): void {
    for (const { type, delta, logprobs } of speech.pending.splice(0)) {
      this.#writeNow(speech, type, delta, logprobs)
    }
  }

  #openTextItem(speech: TextItem): void {
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
    const isOver = isComplete(part) && this.#parts.last !== part
    const status = isOver ? 'completed' : this.#status
    if (part instanceof CallItem) part.end(status)
    else this.#endTextItem(part, status)
  }

  #endTextItem(speech: TextItem, status: ItemStatus): void {
    const { index, item } = speech.open as OpenItem
    this.#closePart(speech.open as OpenItem)
    if (item.type === 'reasoning' && this.#options.encryptsReasoning) {
      const parts = [...item.summary, ...(item.content ?? [])]
      item.encrypted_content = toEncryptedContent(parts.map(({ text }) => text).join(''))
    }
    item.status = status
    this.#events.write('response.output_item.done', { output_index: index, item })
  }

  /** Throws an `ApiError` (502) where the model said nothing. */
  #writeCompaction(): void {
    if (this.#summary.trim() === '') throw incompleteAnswer('wrote no summary of the conversation')
    const encrypted_content = toEncryptedContent(this.#summary)
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
    const place = location(open)
    open.deltaPrefix = deltaPrefix(`response.${text}.delta`, place)
    this.#events.write(`response.${name}.added`, { ...place, part })
  }

  #closePart(open: OpenItem): void {
    if (open.part === undefined) return
    const { type, part } = open.part
    const { field, part: name, text } = PARTS[type]
    const place = location(open)
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

function isComplete(part: Part): boolean {
  return !(part instanceof CallItem) || part.call.isComplete()
}

function location({ index, item, part }: OpenItem) {
  const place = { item_id: item.id, output_index: index }
  return part ? { ...place, [PARTS[part.type].at]: part.index } : place
}
