/**
 * The judge: the event-stream format as WHATWG HTML §9.2.6 words it, written without a thought for
 * speed, over the whole bytes at once.
 */

export interface SseEvent {
  data: string
  event: string
}

/** The events of a stream; `invalid` where an event is not UTF-8, behind the events before it. */
export function parseEventStream(bytes: Uint8Array): (SseEvent | 'invalid')[] {
  const events: (SseEvent | 'invalid')[] = []
  let lines: string[] = []
  for (const line of linesOf(withoutBom(Buffer.from(bytes).toString('latin1')))) {
    if (line !== '') {
      lines.push(line)
      continue
    }
    const event = eventOf(lines)
    lines = []
    if (event !== undefined) events.push(event)
    if (event === 'invalid') break
  }
  return events
}

function withoutBom(text: string): string {
  return text.startsWith('\xef\xbb\xbf') ? text.slice(3) : text
}

/** Only lines that have ended. */
function linesOf(text: string): string[] {
  return text.split(/\r\n|\n|\r/).slice(0, -1)
}

function eventOf(lines: string[]): SseEvent | 'invalid' | undefined {
  const data: string[] = []
  let event = ''
  let texts: string[]
  try {
    texts = lines.map(decode)
  } catch {
    return 'invalid'
  }
  for (const line of texts) {
    const colon = line.indexOf(':')
    const name = colon === -1 ? line : line.slice(0, colon)
    const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '')
    if (name === 'data') data.push(value)
    if (name === 'event') event = value
  }
  return data.length === 0 ? undefined : { data: data.join('\n'), event }
}

function decode(latin1: string): string {
  const bytes = Buffer.from(latin1, 'latin1')
  return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
}
