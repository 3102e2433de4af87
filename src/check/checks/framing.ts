import { parseObject } from '../../util/object.ts'
import type { Findings } from '../findings.ts'
import type { RecordedBody, RecordedEvent, RecordedLine } from '../recorded-body.ts'

/** An event and its parsed data: an object, `[DONE]`, or nothing that can be parsed. */
export interface ParsedEvent {
  event: RecordedEvent
  value: Record<string, unknown> | 'done' | 'nothing'
}

/**
 * Checks the event-stream format (WHATWG HTML §9.2.5 and §9.2.6) and what clients rely on. `isNumbered`: the
 * client asked for a stream that can be resumed, whose events have an id field.
 */
export function checkFraming(
  body: RecordedBody,
  findings: Findings,
  isNumbered: boolean,
): ParsedEvent[] {
  if (body.hasBom) findings.add('bom', 'EF BB BF', 0, 3)
  if (body.badByte !== -1) {
    findings.add('utf-8', `byte ${body.badByte} of ${body.bytes.length}`, body.badByte)
  }
  return body.events.map((event) => {
    for (const line of event.lines) checkLine(line, findings, isNumbered)
    checkLines(event, findings)
    return { event, value: parseEvent(event, findings) }
  })
}

const FIELD = /^(data|event|id|retry|error)(:|$)/

function checkLine(
  { text, terminator, start, end }: RecordedLine,
  findings: Findings,
  isNumbered: boolean,
): void {
  if (terminator === '\r' || terminator === '\r\n') {
    findings.add('line-ends', terminator === '\r' ? 'CR' : 'CRLF', start, end + terminator.length)
  }
  if (text.startsWith(':')) return
  const [, name] = FIELD.exec(text) ?? []
  if (name === undefined) findings.add('stray-line', 'a line that is not a field', start, end)
  else if (name === 'event' || (name === 'id' && !isNumbered)) {
    findings.add('named-event', `${name}:`, start, end)
  } else if (name === 'data' && /^data:[^ ]/.test(text)) {
    findings.add('data-space', 'no space after "data:"', start, end)
  }
}

function checkLines({ lines, start, end, isWhole, data }: RecordedEvent, findings: Findings): void {
  const dataLines = lines.filter(({ text }) => /^data(:|$)/.test(text))
  if (dataLines.length > 1) findings.add('data-lines', `${dataLines.length} data lines`, start, end)
  const isComment = lines.every(({ text }) => text.startsWith(':'))
  if (isComment && isWhole)
    findings.add('comment-event', 'a comment followed by a blank line', start, end)
  if (data === '') findings.add('empty-data', 'no data', start, end)
}

function parseEvent(event: RecordedEvent, findings: Findings): ParsedEvent['value'] {
  const { data, isWhole, start, end } = event
  if (data === undefined || data === '') return 'nothing'
  const said = data.startsWith('[DONE]') ? 'done' : parseObject(data)
  if (said === undefined && isWhole)
    findings.add('json', 'data that is not a JSON object', start, end)
  // A broken stream ends with an incomplete event: the check of its end reports that.
  if (said === undefined) return 'nothing'
  if (!isWhole) findings.add('last-blank-line', 'the body ends without a blank line', start, end)
  return said
}
