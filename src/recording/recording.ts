/**
 * A stream exactly as it arrived, and its text format: JSON Lines with one packet per line, so that a
 * recording can be read, compared, cut and attached to a report. docs/recordings.md describes it.
 */
import { isObject } from '../util/object.ts'
import { decodeText, encodeText } from '../wire/sse/sse.ts'

/** The version of the format; a reader accepts its own version and older ones. */
const VERSION = 1

type Bytes = Uint8Array<ArrayBuffer>

/** Bytes that arrived together, `at` milliseconds after the request was sent. */
export interface RecordedPacket {
  at: number
  bytes: Bytes
}

/** How the answer ended. `broken`: the connection failed. `stopped`: the recording was stopped. */
export type RecordingEnd = 'end' | 'broken' | 'stopped'

/** The request as it was sent; `bytes` is a body that is not valid UTF-8. */
export interface RecordedRequest {
  method: string
  url: string
  headers: Record<string, string>
  body?: string
  bytes?: Bytes
}

export interface Recording {
  /** ISO 8601. */
  recordedAt: string
  /** The recording program: `sluice 0.1.0 on bun 1.4.5`. */
  by: string
  request: RecordedRequest
  /** Undefined if no response came. */
  response?: { at: number; status: number; headers: [string, string][] }
  /** The body as received, without chunked encoding. */
  packets: RecordedPacket[]
  end: { at: number; how: RecordingEnd; why?: string }
}

/** A text that is not a recording; the message names the line. */
export class RecordingError extends Error {}

/** The recording as text; every line ends with LF. */
export function formatRecording(recording: Recording): string {
  const { recordedAt, by, request, response, packets, end } = recording
  const { bytes, ...asked } = request
  const shownRequest = { ...asked, ...(bytes && { base64: base64Of(bytes) }) }
  const head = { 'sluice-recording': VERSION, recordedAt, by }
  const lines: object[] = [head, { request: shownRequest }]
  if (response !== undefined) {
    const { at, ...answer } = response
    lines.push({ at: rounded(at), response: answer })
  }
  for (const { at, bytes } of packets) lines.push({ at: rounded(at), ...shown(bytes) })
  const { at, how, why } = end
  lines.push({ at: rounded(at), end: how, ...(why !== undefined && { why }) })
  return lines.map((line) => `${JSON.stringify(line)}\n`).join('')
}

/** Reads what `formatRecording` wrote. Throws a `RecordingError` that names the line. */
export function parseRecording(text: string): Recording {
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  const [head, asked, ...events] = lines.map(readLine)
  const version = head?.['sluice-recording']
  if (typeof version !== 'number')
    throw wrong(
      1,
      'expected the first line of a recording, with "sluice-recording"; record one with "sluice record"',
    )
  if (version > VERSION) {
    throw wrong(
      1,
      `expected version ${VERSION} or older, got ${version}; read it with a newer sluice`,
    )
  }
  const recording: Recording = {
    recordedAt: String(head?.recordedAt ?? ''),
    by: String(head?.by ?? ''),
    request: readRequest(asked?.request),
    packets: [],
    // For a truncated file, whose end is missing.
    end: { at: 0, how: 'stopped', why: 'the recording has no end' },
  }
  events.forEach((event, index) => {
    addEvent(recording, event, index + 3)
  })
  return recording
}

function readLine(text: string, index: number): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    if (isObject(value)) return value
  } catch {
    // Reported below.
  }
  throw wrong(index + 1, 'expected a JSON object')
}

function readRequest(value: unknown): Recording['request'] {
  if (!isObject(value)) throw wrong(2, 'expected an object with "request"')
  const { method, url, headers, body, base64 } = value
  if (typeof method !== 'string' || typeof url !== 'string' || !URL.canParse(url)) {
    throw wrong(2, '"request": expected a method and a valid url')
  }
  return {
    method,
    url,
    headers: isObject(headers) ? (headers as Record<string, string>) : {},
    ...(typeof body === 'string' && { body }),
    ...(typeof base64 === 'string' && { bytes: readBytes({ base64 }, 2) }),
  }
}

function addEvent(recording: Recording, event: Record<string, unknown>, line: number): void {
  const { at } = event
  const last = recording.packets.at(-1)?.at ?? 0
  if (typeof at !== 'number' || at < last) {
    throw wrong(line, '"at": expected milliseconds, no fewer than in the line before')
  }
  if (isObject(event.response)) recording.response = { at, ...readResponse(event.response, line) }
  else if ('end' in event) recording.end = { at, ...readEnd(event, line) }
  else recording.packets.push({ at, bytes: readBytes(event, line) })
}

function readResponse({ status, headers }: Record<string, unknown>, line: number) {
  const isStatus = Number.isInteger(status) && Number(status) >= 200 && Number(status) < 600
  if (!isStatus) throw wrong(line, '"status": expected an integer from 200 to 599')
  const isList =
    Array.isArray(headers) && headers.every((pair) => Array.isArray(pair) && pair.length === 2)
  if (!isList) throw wrong(line, '"headers": expected a list of [name, value] pairs')
  return { status: Number(status), headers: headers as [string, string][] }
}

function readEnd({ end, why }: Record<string, unknown>, line: number) {
  if (end !== 'end' && end !== 'broken' && end !== 'stopped') {
    throw wrong(line, '"end": expected "end", "broken" or "stopped"')
  }
  return { how: end as RecordingEnd, ...(typeof why === 'string' && { why }) }
}

function readBytes({ text, base64 }: Record<string, unknown>, line: number): Bytes {
  if (typeof text === 'string') return encodeText(text)
  try {
    if (typeof base64 === 'string') {
      return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
    }
  } catch {
    throw wrong(line, '"base64": expected valid base64')
  }
  throw wrong(line, 'expected "text" or "base64"')
}

/** Text if the bytes are valid UTF-8; otherwise base64, since packets may split a character. */
function shown(bytes: Bytes): { text: string } | { base64: string } {
  try {
    const text = decodeText(bytes)
    // UTF-8 never decodes to a lone surrogate, so encoding the text again gives the same bytes.
    return { text }
  } catch {
    return { base64: base64Of(bytes) }
  }
}

function base64Of(bytes: Bytes): string {
  let binary = ''
  for (const byte of bytes) binary += String.fromCharCode(byte)
  return btoa(binary)
}

function rounded(ms: number): number {
  return Math.round(ms * 1000) / 1000
}

function wrong(line: number, what: string): RecordingError {
  return new RecordingError(`line ${line}: ${what}.`)
}
