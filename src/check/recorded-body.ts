/** Parses a recorded body into lines and events, with offset and time; it repairs nothing. */
import type { Recording } from '../recording/recording.ts'

const LF = 10
const CR = 13

export interface RecordedLine {
  start: number
  /** The offset after its last character. */
  end: number
  text: string
  terminator: '\n' | '\r\n' | '\r' | ''
}

/** Lines up to a blank one. */
export interface RecordedEvent {
  start: number
  /** The offset after its blank line. */
  end: number
  /** When its last byte arrived, in milliseconds after the request. */
  at: number
  lines: RecordedLine[]
  /** Whether a blank line ends it. */
  isWhole: boolean
  /** The data lines joined by LF; undefined if there are none. */
  data: string | undefined
}

export interface RecordedBody {
  bytes: Uint8Array<ArrayBuffer>
  hasBom: boolean
  /** The offset of the first byte that is not UTF-8; -1 if all are. */
  badByte: number
  events: RecordedEvent[]
  timeAt(offset: number): number
}

export function parseBody({ packets }: Recording): RecordedBody {
  const bytes = new Uint8Array(packets.reduce((sum, packet) => sum + packet.bytes.length, 0))
  const ends: { end: number; at: number }[] = []
  let length = 0
  for (const packet of packets) {
    bytes.set(packet.bytes, length)
    length += packet.bytes.length
    ends.push({ end: length, at: packet.at })
  }
  const timeAt = (offset: number) => (ends.find(({ end }) => offset < end) ?? ends.at(-1))?.at ?? 0
  const hasBom = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf
  const events = eventsOf(linesOf(bytes, hasBom ? 3 : 0), timeAt)
  return { bytes, hasBom, badByte: badByteOf(bytes), events, timeAt }
}

function linesOf(bytes: Uint8Array, from: number): RecordedLine[] {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  const lines: RecordedLine[] = []
  for (let start = from; start < bytes.length; ) {
    let end = start
    while (end < bytes.length && bytes[end] !== LF && bytes[end] !== CR) end++
    const isPair = bytes[end] === CR && bytes[end + 1] === LF
    const terminator = end === bytes.length ? '' : isPair ? '\r\n' : bytes[end] === LF ? '\n' : '\r'
    lines.push({ start, end, text: decoder.decode(bytes.subarray(start, end)), terminator })
    start = end + terminator.length
  }
  return lines
}

function eventsOf(lines: RecordedLine[], timeAt: (offset: number) => number): RecordedEvent[] {
  const events: RecordedEvent[] = []
  let open: RecordedLine[] = []
  const close = (end: number, isWhole: boolean) => {
    const [first] = open
    if (first === undefined) return
    const data = open.map(({ text }) => valueOfData(text)).filter((value) => value !== undefined)
    events.push({
      start: first.start,
      end,
      at: timeAt(end - 1),
      lines: open,
      isWhole,
      data: data.length > 0 ? data.join('\n') : undefined,
    })
    open = []
  }
  for (const line of lines) {
    if (line.text === '' && line.terminator !== '') close(line.end + line.terminator.length, true)
    else open.push(line)
  }
  close(lines.at(-1)?.end ?? 0, false)
  return events
}

function valueOfData(line: string): string | undefined {
  const [, value] = /^data(?::\x20?(.*))?$/s.exec(line) ?? []
  return line.startsWith('data') && (line === 'data' || line[4] === ':') ? (value ?? '') : undefined
}

/** Binary search, because a decoder does not say where it failed. */
function badByteOf(bytes: Uint8Array): number {
  if (isUtf8(bytes, false)) return -1
  let good = 0
  let bad = bytes.length
  while (bad - good > 1) {
    const middle = (good + bad) >> 1
    if (isUtf8(bytes.subarray(0, middle), true)) good = middle
    else bad = middle
  }
  return good
}

/** `isPart`: more bytes follow, so the last character may be incomplete. */
function isUtf8(bytes: Uint8Array, isPart: boolean): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: isPart })
    return true
  } catch {
    return false
  }
}
