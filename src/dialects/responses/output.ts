/** Writes the output of a response: takes chat deltas, writes items and their events. */
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

/** For each type of part: its list in the item, its index field, its text field and its event names. */
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

/** An item that has not ended, and its open part. */
interface OpenItem {
  index: number
  item: OutputItem
  part?: OpenPart | undefined
  /** The frame of its next delta up to the text. */
  deltaPrefix?: string
}

/** A message or reasoning item, and its pending deltas. */
interface TextItem {
  kind: 'message' | 'reasoning'
  open?: OpenItem
  pending: { type: PartType; delta: string; logprobs: TokenLogprob[] | undefined }[]
}

type Part = TextItem | CallItem

export interface OutputOptions {
  /** The part that all ids of this response share. */
  key: string
  /** Whether reasoning is sent as a reasoning summary. */
  summarizes: boolean
  /** Whether reasoning items get `encrypted_content`, for clients that store the conversation. */
  encryptsReasoning: boolean
  /** Whether the answer becomes a `compaction` item. */
  isCompaction?: boolean
  /** The tool that a called function was declared as. */
  declaredAs?: (name: string) => DeclaredTool | undefined
}

export class ResponseOutput {
  readonly items: OutputItem[] = []
  readonly #events: EventWriter
  readonly #options: OutputOptions
  readonly #parts: SequentialParts<Part>
  readonly #calls = new Map<number, CallItem>()
  /** The status of items that are still open at the end. */
  #status: ItemStatus = 'completed'
  /** The text of the `compaction` item. */
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
    // A summary has no calls.
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

  /** Ends all open items in their order. Throws an `ApiError` (502). */
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

  /** An item that is complete and followed by another has the status completed. */
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

  /** Throws an `ApiError` (502) if the summary is empty. */
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
