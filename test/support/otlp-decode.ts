// Decodes what exports spans by OTLP, in either format: by hand, so that it shares no code with sluice.

import { type ProtobufField, readMessage } from './protobuf-reader.ts'

/** A span as it was received. */
export interface ReceivedSpan {
  traceId: string
  spanId: string
  parentSpanId: string | undefined
  traceState: string | undefined
  name: string
  kind: 'internal' | 'server' | 'client'
  /** Unix milliseconds. */
  start: number
  end: number
  attributes: Record<string, unknown>
  events: { name: string; time: number; attributes: Record<string, unknown> }[]
  /** Whether its status says that it failed. */
  failed: boolean
  flags: number
  resource: Record<string, unknown>
  scope: { name: string; version: string }
  schemaUrl: string
}

const KINDS = { 1: 'internal', 2: 'server', 3: 'client' } as const

type Json = Record<string, unknown>

const listOf = (value: unknown): Json[] => (value ?? []) as Json[]

/** The spans of an `ExportTraceServiceRequest` as JSON. */
export function decodeJson(text: string): ReceivedSpan[] {
  const { resourceSpans } = JSON.parse(text) as Json
  return listOf(resourceSpans).flatMap(({ resource, scopeSpans }) =>
    listOf(scopeSpans).flatMap(({ scope, spans, schemaUrl }) =>
      listOf(spans).map((span) => ({
        ...spanOfJson(span),
        resource: attributesOfJson((resource as Json).attributes),
        scope: scope as ReceivedSpan['scope'],
        schemaUrl: schemaUrl as string,
      })),
    ),
  )
}

function spanOfJson(span: Json): Omit<ReceivedSpan, 'resource' | 'scope' | 'schemaUrl'> {
  return {
    traceId: hex(span.traceId, 32),
    spanId: hex(span.spanId, 16),
    parentSpanId: span.parentSpanId === undefined ? undefined : hex(span.parentSpanId, 16),
    traceState: span.traceState as string | undefined,
    name: span.name as string,
    kind: KINDS[span.kind as keyof typeof KINDS],
    start: milliseconds(BigInt(span.startTimeUnixNano as string)),
    end: milliseconds(BigInt(span.endTimeUnixNano as string)),
    attributes: attributesOfJson(span.attributes),
    events: listOf(span.events).map(({ name, timeUnixNano, attributes }) => ({
      name: name as string,
      time: milliseconds(BigInt(timeUnixNano as string)),
      attributes: attributesOfJson(attributes),
    })),
    failed: (span.status as Json | undefined)?.code === 2,
    flags: span.flags as number,
  }
}

function hex(value: unknown, length: number): string {
  if (typeof value === 'string' && value.length === length && /^[0-9a-f]+$/.test(value))
    return value
  throw new Error(`expected ${length} hexadecimal digits, got ${String(value)}`)
}

function milliseconds(nanoseconds: bigint): number {
  return Number(nanoseconds / 1_000n) / 1_000
}

function attributesOfJson(list: unknown): Record<string, unknown> {
  return Object.fromEntries(
    listOf(list).map(({ key, value }) => [key as string, valueOfJson(value as Json)]),
  )
}

function valueOfJson(value: Json): unknown {
  const [[kind, held] = []] = Object.entries(value)
  if (kind === 'intValue') return Number(held)
  if (kind === 'arrayValue') return listOf((held as Json).values).map(valueOfJson)
  return held
}

/** The fields of a message by their numbers. */
function byNumber(bytes: Uint8Array): Map<number, ProtobufField['value'][]> {
  const fields = new Map<number, ProtobufField['value'][]>()
  for (const { field, value } of readMessage(bytes)) {
    fields.set(field, [...(fields.get(field) ?? []), value])
  }
  return fields
}

type Message = ReturnType<typeof byNumber>

const messages = (message: Message, field: number): Message[] =>
  (message.get(field) ?? []).map((value) => byNumber(value as Uint8Array))
const text = (message: Message, field: number): string =>
  new TextDecoder('utf-8', { fatal: true }).decode(
    (message.get(field)?.[0] ?? new Uint8Array()) as Uint8Array,
  )
const bytesAsHex = (message: Message, field: number): string =>
  Buffer.from((message.get(field)?.[0] ?? []) as Uint8Array).toString('hex')

/** The same as protobuf. */
export function decodeProtobuf(bytes: Uint8Array): ReceivedSpan[] {
  return messages(byNumber(bytes), 1).flatMap((resourceSpans) => {
    const [resource = new Map()] = messages(resourceSpans, 1)
    return messages(resourceSpans, 2).flatMap((scopeSpans) => {
      const [scope = new Map()] = messages(scopeSpans, 1)
      return messages(scopeSpans, 2).map((span) => ({
        ...spanOfMessage(span),
        resource: attributesOf(resource, 1),
        scope: { name: text(scope, 1), version: text(scope, 2) },
        schemaUrl: text(scopeSpans, 3),
      }))
    })
  })
}

function spanOfMessage(span: Message): Omit<ReceivedSpan, 'resource' | 'scope' | 'schemaUrl'> {
  const [status] = messages(span, 15)
  return {
    traceId: hex(bytesAsHex(span, 1), 32),
    spanId: hex(bytesAsHex(span, 2), 16),
    parentSpanId: span.has(4) ? hex(bytesAsHex(span, 4), 16) : undefined,
    traceState: span.has(3) ? text(span, 3) : undefined,
    name: text(span, 5),
    kind: KINDS[Number(span.get(6)?.[0]) as keyof typeof KINDS],
    start: timeOf(span, 7),
    end: timeOf(span, 8),
    attributes: attributesOf(span, 9),
    events: messages(span, 11).map((event) => ({
      name: text(event, 2),
      time: timeOf(event, 1),
      attributes: attributesOf(event, 3),
    })),
    failed: status?.get(3)?.[0] === 2n,
    flags: viewOf(span, 16).getUint32(0, true),
  }
}

function viewOf(message: Message, field: number): DataView {
  const bytes = message.get(field)?.[0] as Uint8Array
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
}

function timeOf(message: Message, field: number): number {
  return milliseconds(viewOf(message, field).getBigUint64(0, true))
}

function attributesOf(message: Message, field: number): Record<string, unknown> {
  return Object.fromEntries(
    messages(message, field).map((pair) => {
      const [value = new Map()] = messages(pair, 2)
      return [text(pair, 1), anyValueOf(value)]
    }),
  )
}

function anyValueOf(value: Message): unknown {
  if (value.has(1)) return text(value, 1)
  if (value.has(2)) return value.get(2)?.[0] === 1n
  if (value.has(3)) return Number(BigInt.asIntN(64, value.get(3)?.[0] as bigint))
  if (value.has(4)) return viewOf(value, 4).getFloat64(0, true)
  const [array] = messages(value, 5)
  return array ? messages(array, 1).map(anyValueOf) : undefined
}
