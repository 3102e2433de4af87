/** One event or comment of a stream, and when it arrived (`performance.now()`). */
export interface StreamEvent {
  data: string
  at: number
}

export interface SseReader {
  push(bytes: Uint8Array, at: number): void
  /** Call once, after the last byte. */
  end(): void
  events: StreamEvent[]
  /** Arrival times of the comments. */
  pings: number[]
  /** Differences from the form that sluice writes, each with its byte offset. */
  problems: string[]
}

/**
 * Reads a stream strictly, byte by byte: frames `data: …`, LF, LF, and between them `: ping`, LF,
 * or, before the first, how far a model has been loaded.
 * A stranger form is reported rather than understood, unlike what a client would do.
 */
export function sseReader(): SseReader {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  const reader: SseReader = { push, end, events: [], pings: [], problems: [] }
  let line: number[] = []
  let position = 0
  let data: string | undefined

  function problem(what: string): void {
    if (reader.problems.length < 20) reader.problems.push(`${what} (byte ${position})`)
  }
  function push(bytes: Uint8Array, at: number): void {
    for (const byte of bytes) {
      position++
      if (byte === 0x0d) problem('a CR')
      if (byte !== 0x0a) {
        line.push(byte)
        continue
      }
      takeLine(at)
      line = []
    }
  }
  function takeLine(at: number): void {
    const text = decode()
    if (text === '') {
      if (data === undefined) problem('a blank line that ends no event')
      else reader.events.push({ data, at })
      data = undefined
    } else if (text.startsWith('data: ')) {
      if (data !== undefined) problem('an event of two lines')
      data = text.slice(6)
    } else if (!/^: (ping|loading \S+ \d+ %)$/.test(text)) {
      problem(`a line that is neither data nor a ping: ${JSON.stringify(text.slice(0, 60))}`)
    } else {
      if (data !== undefined) problem('a ping inside an event')
      reader.pings.push(at)
    }
  }
  function decode(): string {
    try {
      return decoder.decode(Uint8Array.from(line))
    } catch {
      problem('bytes that are not UTF-8')
      return Buffer.from(line).toString()
    }
  }
  function end(): void {
    if (line.length > 0 || data !== undefined) problem('an event without its blank line')
  }
  return reader
}
