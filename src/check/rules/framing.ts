import type { Rule } from './rule.ts'

/** The event-stream format, and what clients make of it. */
export const framingRules = {
  'utf-8': {
    section: 'framing',
    severity: 'error',
    says: 'All bytes are UTF-8.',
    clients: 'Decoders put U+FFFD in its place, or fail: openai-python raises.',
    repair:
      'Hold a token back until its last character is whole; a cut may only fall between packets.',
  },
  bom: {
    section: 'framing',
    severity: 'warning',
    says: 'No byte order mark stands before the first event.',
    clients: 'Clients that look for "data:" at a line’s start lose the first event.',
    repair: 'Write UTF-8 without a BOM.',
  },
  'line-ends': {
    section: 'framing',
    severity: 'warning',
    says: 'Lines end with LF.',
    clients: 'Clients that split at "\\n\\n" never see an event end at CRLF or CR.',
    repair: 'Write "\\n"; sse-starlette: sep="\\n".',
  },
  'data-space': {
    section: 'framing',
    severity: 'hint',
    says: 'A space follows "data:".',
    clients: 'Clients that look for "data: " lose the event.',
    repair: 'Write "data: " with its space.',
  },
  'data-lines': {
    section: 'framing',
    severity: 'warning',
    says: 'An event has one data line.',
    clients: 'Clients that read line by line parse each as JSON of its own and fail.',
    repair: 'Write JSON without line ends.',
  },
  'empty-data': {
    section: 'framing',
    severity: 'error',
    says: 'No event has empty data.',
    clients: 'openai-python and others parse "" as JSON and raise.',
    repair: 'Leave the event out; a heartbeat is a comment or a chunk with an empty delta.',
  },
  'stray-line': {
    section: 'framing',
    severity: 'error',
    says: 'Every line is a field of the event-stream format or a comment.',
    clients: 'The text is lost without a word: the format ignores what it does not know.',
    repair: 'Send logs, pages and errors elsewhere; text and frames do not mix in one body.',
  },
  'comment-event': {
    section: 'framing',
    severity: 'warning',
    says: 'No blank line follows a comment that stands alone.',
    clients: 'openai-go before 3.43 and openai-python dispatch an event without data and fail.',
    repair: 'Send ": ping\\n" with one line end, or a chunk with an empty delta.',
  },
  'named-event': {
    section: 'framing',
    severity: 'hint',
    of: ['chat', 'completions'],
    says: 'Events of chats and completions have neither an event nor an id field.',
    clients: 'EventSource gives named events to nobody who listens for messages.',
    repair: 'Leave "event:" and "id:" out of these streams.',
  },
  'event-name': {
    section: 'framing',
    severity: 'error',
    of: ['responses', 'messages'],
    says: 'An event’s name is the type that its data has.',
    clients: 'Anthropic’s SDKs drop events without a name; those who listen by name get another.',
    repair: 'Write "event: TYPE" before the data line, from the same value.',
  },
  'last-blank-line': {
    section: 'framing',
    severity: 'error',
    says: 'A blank line ends the last event.',
    clients: 'openai-python never dispatches it; the format says it is dropped.',
    repair: 'End every event with "\\n\\n", [DONE] too, and flush behind it.',
  },
  json: {
    section: 'framing',
    severity: 'error',
    says: 'An event’s data is a JSON object, or [DONE].',
    clients: 'All: the stream ends in an exception.',
    repair: 'Serialise each chunk as one line of JSON and write it whole.',
  },
} as const satisfies Record<string, Rule>
