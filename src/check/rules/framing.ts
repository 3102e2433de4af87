import type { Rule } from './rule.ts'

/** The event-stream format, and what clients make of it. */
export const framingRules = {
  'utf-8': {
    section: 'framing',
    severity: 'error',
    requirement: 'All bytes are UTF-8.',
    affected: 'Decoders put U+FFFD in its place, or fail: openai-python raises.',
    repair:
      'Hold a token back until its last character is whole; a cut may only fall between packets.',
  },
  bom: {
    section: 'framing',
    severity: 'warning',
    requirement: 'No byte order mark stands before the first event.',
    affected: 'Clients that look for "data:" at a line’s start lose the first event.',
    repair: 'Write UTF-8 without a BOM.',
  },
  'line-ends': {
    section: 'framing',
    severity: 'warning',
    requirement: 'Lines end with LF.',
    affected: 'Clients that split at "\\n\\n" never see an event end at CRLF or CR.',
    repair: 'Write "\\n"; sse-starlette: sep="\\n".',
  },
  'data-space': {
    section: 'framing',
    severity: 'hint',
    requirement: 'A space follows "data:".',
    affected: 'Clients that look for "data: " lose the event.',
    repair: 'Write "data: " with its space.',
  },
  'data-lines': {
    section: 'framing',
    severity: 'warning',
    requirement: 'An event has one data line.',
    affected: 'Clients that read line by line parse each as JSON of its own and fail.',
    repair: 'Write JSON without line ends.',
  },
  'empty-data': {
    section: 'framing',
    severity: 'error',
    requirement: 'No event has empty data.',
    affected: 'openai-python and others parse "" as JSON and raise.',
    repair: 'Leave the event out; a heartbeat is a comment or a chunk with an empty delta.',
  },
  'stray-line': {
    section: 'framing',
    severity: 'error',
    requirement: 'Every line is a field of the event-stream format or a comment.',
    affected: 'The text is lost without a word: the format ignores what it does not know.',
    repair: 'Send logs, pages and errors elsewhere; text and frames do not mix in one body.',
  },
  'comment-event': {
    section: 'framing',
    severity: 'warning',
    requirement: 'No blank line follows a comment that stands alone.',
    affected: 'openai-go before 3.43 and openai-python dispatch an event without data and fail.',
    repair: 'Send ": ping\\n" with one line end, or a chunk with an empty delta.',
  },
  'named-event': {
    section: 'framing',
    severity: 'hint',
    dialects: ['chat', 'completions'],
    requirement: 'Events of chats and completions have neither an event nor an id field.',
    affected: 'EventSource gives named events to nobody who listens for messages.',
    repair: 'Leave "event:" and "id:" out of these streams.',
  },
  'event-name': {
    section: 'framing',
    severity: 'error',
    dialects: ['responses', 'messages'],
    requirement: 'An event’s name is the type that its data has.',
    affected: 'Anthropic’s SDKs drop events without a name; those who listen by name get another.',
    repair: 'Write "event: TYPE" before the data line, from the same value.',
  },
  'last-blank-line': {
    section: 'framing',
    severity: 'error',
    requirement: 'A blank line ends the last event.',
    affected: 'openai-python never dispatches it; the format says it is dropped.',
    repair: 'End every event with "\\n\\n", [DONE] too, and flush behind it.',
  },
  json: {
    section: 'framing',
    severity: 'error',
    requirement: 'An event’s data is a JSON object, or [DONE].',
    affected: 'All: the stream ends in an exception.',
    repair: 'Serialise each chunk as one line of JSON and write it whole.',
  },
} as const satisfies Record<string, Rule>
