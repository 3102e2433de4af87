import * as z from 'zod'

/** How a Messages stream ended for its client. */
export type MessageOutcome = 'finished' | 'failed' | 'truncated'

export interface MessageBlock {
  type: string
  text?: string
  thinking?: string
  signature?: string
  id?: string
  name?: string
  /** The JSON text of a tool's input, as it was streamed. */
  json?: string
}

/** A Messages stream as a client assembles it. */
export interface MessageRead {
  raw: string
  events: { type: string; [field: string]: unknown }[]
  outcome: MessageOutcome
  id: string | undefined
  model: string | undefined
  blocks: MessageBlock[]
  /** All text blocks together. */
  text: string
  stop: { stop_reason: string | null; stop_sequence: string | null } | undefined
  /** The counts of `message_start`, then those of `message_delta`. */
  usage: Record<string, unknown>[]
  error: { type: string; message: string } | undefined
  pings: number
  /** The rules that the stream breaks; empty for a correct stream. */
  problems: string[]
}

const counts = z.int().min(0)
const maybe = counts.nullable()

const Usage = z.strictObject({
  input_tokens: maybe,
  output_tokens: counts,
  cache_creation_input_tokens: maybe,
  cache_read_input_tokens: maybe,
  output_tokens_details: z.strictObject({ thinking_tokens: counts }).nullable(),
  server_tool_use: z.null(),
})

const Refusal = z.strictObject({
  type: z.literal('refusal'),
  category: z.string().nullable(),
  explanation: z.string().nullable(),
})

const StopReason = z.enum([
  'end_turn',
  'max_tokens',
  'stop_sequence',
  'tool_use',
  'pause_turn',
  'refusal',
  'model_context_window_exceeded',
])

const index = counts
const TextBlock = z.strictObject({
  type: z.literal('text'),
  text: z.string(),
  citations: z.null(),
})
const ThinkingBlock = z.strictObject({
  type: z.literal('thinking'),
  thinking: z.string(),
  signature: z.string(),
})
const ToolUseBlock = z.strictObject({
  type: z.literal('tool_use'),
  id: z.string().min(1),
  name: z.string().min(1),
  input: z.record(z.string(), z.unknown()),
})

/** A whole message, as sluice tells it; the type of a block is among those it makes. */
export const Message = z.strictObject({
  id: z.string().regex(/^msg_/),
  type: z.literal('message'),
  role: z.literal('assistant'),
  model: z.string().min(1),
  content: z.array(z.discriminatedUnion('type', [TextBlock, ThinkingBlock, ToolUseBlock])),
  container: z.null(),
  stop_reason: StopReason.nullable(),
  stop_sequence: z.string().nullable(),
  stop_details: Refusal.nullable(),
  usage: Usage.extend({ input_tokens: counts }),
})

const ErrorBody = z.strictObject({
  type: z.literal('error'),
  error: z.strictObject({
    type: z.string().regex(/_error$/),
    message: z.string().min(1),
    details: z.strictObject({ error_code: z.string().min(1) }).optional(),
    doc_url: z
      .string()
      .regex(/\/docs\/errors\/\w+$/)
      .optional(),
  }),
  request_id: z.string().min(8),
})

const Started = Message.extend({
  content: z.tuple([]),
  stop_reason: z.null(),
  stop_sequence: z.null(),
  stop_details: z.null(),
  usage: Usage.extend({ input_tokens: counts, output_tokens: z.literal(0) }),
})

const Event = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('message_start'), message: Started }),
  z.strictObject({
    type: z.literal('content_block_start'),
    index,
    content_block: z.discriminatedUnion('type', [
      TextBlock.extend({ text: z.literal('') }),
      ThinkingBlock.extend({ thinking: z.literal(''), signature: z.literal('') }),
      ToolUseBlock.extend({ input: z.strictObject({}) }),
    ]),
  }),
  z.strictObject({
    type: z.literal('content_block_delta'),
    index,
    delta: z.discriminatedUnion('type', [
      z.strictObject({ type: z.literal('text_delta'), text: z.string().min(1) }),
      z.strictObject({ type: z.literal('thinking_delta'), thinking: z.string().min(1) }),
      z.strictObject({ type: z.literal('input_json_delta'), partial_json: z.string().min(1) }),
      z.strictObject({ type: z.literal('signature_delta'), signature: z.string() }),
    ]),
  }),
  z.strictObject({ type: z.literal('content_block_stop'), index }),
  z.strictObject({
    type: z.literal('message_delta'),
    delta: z.strictObject({
      stop_reason: StopReason,
      stop_sequence: z.string().nullable(),
      stop_details: Refusal.nullable(),
      container: z.null(),
    }),
    usage: Usage,
  }),
  z.strictObject({ type: z.literal('message_stop') }),
  z.strictObject({ type: z.literal('ping') }),
  ErrorBody,
])

/** Fields of which block each delta adds to, and by which of its own. */
const GROWS: Record<string, [block: string, field: keyof MessageBlock, from: string]> = {
  text_delta: ['text', 'text', 'text'],
  thinking_delta: ['thinking', 'thinking', 'thinking'],
  signature_delta: ['thinking', 'signature', 'signature'],
  input_json_delta: ['tool_use', 'json', 'partial_json'],
}

/**
 * Reads and judges the text of a Messages stream. `isForwarded`: its events are an upstream's, which
 * may have other fields, and blocks that overlap; the rest of the rules is the same.
 */
export function readMessages(raw: string, isForwarded = false): MessageRead {
  const read: MessageRead = {
    raw,
    events: [],
    outcome: 'truncated',
    id: undefined,
    model: undefined,
    blocks: [],
    text: '',
    stop: undefined,
    usage: [],
    error: undefined,
    pings: 0,
    problems: [],
  }
  const open = new Set<number>()
  for (const frame of framesOf(raw, read.problems)) {
    const event = frame as MessageRead['events'][number]
    read.events.push(event)
    if (!isForwarded) judgeSchema(event, read.problems)
    if (read.outcome !== 'truncated') read.problems.push(`${event.type} after the end`)
    take(event, read, open, isForwarded)
  }
  read.text = read.blocks.map(({ text = '' }) => text).join('')
  return read
}

function framesOf(raw: string, problems: string[]): object[] {
  const frames = raw.split('\n\n')
  if (frames.pop() !== '') problems.push('an event without its blank line')
  return frames.flatMap((frame) => {
    // Progress is a comment before a ping, and before nothing else.
    const event = frame.replace(/^: [^\n]+\n(?=event: ping\n)/, '')
    const [, name, data = ''] = /^event: ([\w.]+)\ndata: ([^\n]*)$/.exec(event) ?? []
    try {
      const parsed = JSON.parse(data) as { type?: string }
      if (parsed.type !== name)
        problems.push(`an event of type ${parsed.type} that is called ${name}`)
      return [parsed]
    } catch {
      problems.push(`a frame that is not ours: ${JSON.stringify(frame.slice(0, 80))}`)
      return []
    }
  })
}

function judgeSchema(event: object, problems: string[]): void {
  const { error } = Event.safeParse(event)
  if (error) problems.push(`${JSON.stringify(event).slice(0, 200)}: ${z.prettifyError(error)}`)
}

function take(
  event: MessageRead['events'][number],
  read: MessageRead,
  open: Set<number>,
  isForwarded: boolean,
): void {
  const problem = (what: string) => read.problems.push(`${event.type}: ${what}`)
  if (event.type === 'ping') {
    read.pings++
    return
  }
  if (event.type === 'error') {
    read.error = event.error as MessageRead['error']
    read.outcome = 'failed'
    return
  }
  if (event.type === 'message_start') {
    if (read.id !== undefined) problem('for the second time')
    const message = event.message as { id: string; model: string; usage: object }
    read.id = message.id
    read.model = message.model
    read.usage.push({ ...message.usage })
    return
  }
  if (read.id === undefined) problem('before message_start')
  if (read.stop !== undefined && event.type !== 'message_stop') problem('after the stop reason')
  if (event.type === 'message_stop') {
    if (read.stop === undefined) problem('without a stop reason')
    read.outcome = 'finished'
  } else if (event.type === 'message_delta') {
    if (open.size > 0) problem('while a block is open')
    read.stop = event.delta as NonNullable<MessageRead['stop']>
    read.usage.push({ ...(event.usage as object) })
  } else takeBlock(event, read, open, isForwarded, problem)
}

function takeBlock(
  event: MessageRead['events'][number],
  read: MessageRead,
  open: Set<number>,
  isForwarded: boolean,
  problem: (what: string) => void,
): void {
  // An upstream may have events that we don't know, which are forwarded.
  if (isForwarded && !event.type?.startsWith('content_block_')) return
  const at = event.index as number
  if (event.type === 'content_block_start') {
    if (at !== read.blocks.length) problem(`index ${at} where ${read.blocks.length} is next`)
    if (open.size > 0 && !isForwarded) problem('while another block is open')
    open.add(at)
    read.blocks.push({ ...(event.content_block as MessageBlock) })
    return
  }
  if (!open.has(at)) problem(`of block ${at}, which is not open`)
  if (event.type === 'content_block_stop') {
    open.delete(at)
    return
  }
  const delta = (event.delta ?? {}) as Record<string, string>
  const [type, field, from] = GROWS[delta.type ?? ''] ?? []
  const block = read.blocks[at]
  if (block === undefined || field === undefined || from === undefined) return
  if (block.type !== type) problem(`${delta.type} in a block of type ${block.type}`)
  block[field] = (block[field] ?? '') + delta[from]
}
