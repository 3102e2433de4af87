import type { Rule } from './rule.ts'

/** The event-stream format, and what clients rely on. */
export const framingRules = {
  'utf-8': {
    section: 'framing',
    severity: 'error',
    requirement: 'All bytes are valid UTF-8.',
    affected: 'Decoders replace the bytes with U+FFFD or fail: openai-python raises an exception.',
    repair:
      'Hold a token back until its last character is complete; split characters only between packets.',
  },
  bom: {
    section: 'framing',
    severity: 'warning',
    requirement: 'No byte order mark precedes the first event.',
    affected: 'Clients that look for "data:" at the start of a line lose the first event.',
    repair: 'Write UTF-8 without a byte order mark.',
  },
  'line-ends': {
    section: 'framing',
    severity: 'warning',
    requirement: 'Lines end with LF.',
    affected:
      'Clients that split the stream at "\\n\\n" never find the end of an event that uses CRLF or CR.',
    repair: 'Write "\\n"; with sse-starlette, set sep="\\n".',
  },
  'data-space': {
    section: 'framing',
    severity: 'hint',
    requirement: 'A space follows "data:".',
    affected: 'Clients that look for "data: " lose the event.',
    repair: 'Write "data: " with the space.',
  },
  'data-lines': {
    section: 'framing',
    severity: 'warning',
    requirement: 'An event has one data line.',
    affected: 'Clients that read line by line parse each line as separate JSON and fail.',
    repair: 'Write the JSON without line breaks.',
  },
  'empty-data': {
    section: 'framing',
    severity: 'error',
    requirement: 'No event has empty data.',
    affected: 'openai-python and others parse the empty text as JSON and raise an exception.',
    repair: 'Leave the event out; send heartbeats as a comment or as a chunk with an empty delta.',
  },
  'stray-line': {
    section: 'framing',
    severity: 'error',
    requirement: 'Every line is a field of the event-stream format or a comment.',
    affected:
      'Clients ignore the line silently, because the format tells them to skip unknown fields.',
    repair: 'Do not write logs, HTML pages or errors into the stream.',
  },
  'comment-event': {
    section: 'framing',
    severity: 'warning',
    requirement: 'A comment that stands alone is not followed by a blank line.',
    affected: 'openai-go before 3.43 and openai-python dispatch an event without data, and fail.',
    repair: 'Send ": ping\\n" with a single line end, or a chunk with an empty delta.',
  },
  'named-event': {
    section: 'framing',
    severity: 'hint',
    dialects: ['chat', 'completions'],
    requirement:
      'Events of chats and completions have no event field, and an id field only where the stream can be resumed (x-sluice-resume).',
    affected: 'EventSource does not deliver named events to handlers of the message event.',
    repair: 'Leave "event:" and "id:" out of these streams.',
  },
  'event-name': {
    section: 'framing',
    severity: 'error',
    dialects: ['responses', 'messages'],
    requirement: 'The name of an event equals the type in its data.',
    affected:
      'Anthropic’s SDKs drop events without a name; clients that select events by name get the wrong ones.',
    repair: 'Write "event: TYPE" before the data line, from the same value.',
  },
  'last-blank-line': {
    section: 'framing',
    severity: 'error',
    requirement: 'A blank line ends the last event.',
    affected: 'openai-python never dispatches the event; the format says that clients drop it.',
    repair: 'End every event with "\\n\\n", [DONE] included, and flush after it.',
  },
  json: {
    section: 'framing',
    severity: 'error',
    requirement: 'The data of an event is a JSON object or [DONE].',
    affected: 'All: the stream ends with an exception.',
    repair: 'Serialise each chunk as one line of JSON, and write the whole line.',
  },
} as const satisfies Record<string, Rule>
