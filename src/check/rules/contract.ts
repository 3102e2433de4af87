import type { Rule } from './rule.ts'

const CHOICES = ['chat', 'completions'] as const

/** What stands in which chunk, and how a stream ends. */
export const contractRules = {
  'id-steady': {
    section: 'contract',
    severity: 'error',
    requirement: 'All chunks of an answer have the same id, and so do all events of an item.',
    affected: 'Clients that collect by id (LangChain, the ai SDK’s cache) see several answers.',
    repair: 'Make the id once per answer.',
  },
  'start-first': {
    section: 'contract',
    severity: 'error',
    dialects: ['responses', 'messages'],
    requirement: 'response.created or message_start comes first, and once.',
    affected: 'SDKs build the answer on it, and raise where another event comes before.',
    repair: 'Write it when the request is accepted; what is not yet known may follow.',
  },
  'event-sequence': {
    section: 'contract',
    severity: 'error',
    dialects: ['responses'],
    requirement: 'sequence_number counts the events from 0, without a gap.',
    affected: 'Who takes up a stream again by starting_after loses events, or gets them twice.',
    repair: 'Count the events where they are written, all of them.',
  },
  'block-open': {
    section: 'contract',
    severity: 'error',
    dialects: ['responses', 'messages'],
    requirement: 'An event belongs to an item, part or block that has begun and has not ended.',
    affected: 'SDKs that put the answer together raise: there is nothing to add it to.',
    repair:
      'Begin it by response.output_item.added, response.content_part.added or content_block_start; end it once.',
  },
  'block-closed': {
    section: 'contract',
    severity: 'error',
    dialects: ['responses', 'messages'],
    requirement: 'What has begun ends before the answer does.',
    affected: 'Those who act on whole items (tool calls) never act.',
    repair: 'Write the .done events, or content_block_stop, before the last event.',
  },
  'done-text': {
    section: 'contract',
    severity: 'error',
    dialects: ['responses'],
    requirement: 'What ends a text repeats what its deltas made.',
    affected: 'Some read deltas, some read what is done: they see two answers.',
    repair: 'Write the .done event from the deltas that were sent.',
  },
  'created-steady': {
    section: 'contract',
    severity: 'hint',
    dialects: CHOICES,
    requirement: 'All chunks of an answer have the same created.',
    affected: 'None is known to fail.',
    repair: 'Take the time once per answer.',
  },
  'role-first': {
    section: 'contract',
    severity: 'warning',
    dialects: ['chat'],
    requirement: 'The first delta of a choice has the role assistant.',
    affected: 'Clients that build the message from its deltas send it back without a role.',
    repair: 'Write role: "assistant" in the first delta.',
  },
  'finish-reason': {
    section: 'contract',
    severity: 'error',
    requirement:
      'Why an answer ends is told in its API’s words: finish_reason (stop, length, tool_calls, content_filter, function_call, else null), stop_reason, or a status that is its event’s.',
    affected: 'Typed clients fail; others take "" for the end, or the end for none.',
    repair:
      'Translate the engine’s own words (eos, abort; in Messages stop is end_turn), and send null until the end.',
  },
  'finish-missing': {
    section: 'contract',
    severity: 'error',
    dialects: ['chat', 'completions', 'messages'],
    requirement:
      'Every choice has a finish_reason before [DONE], a message a stop_reason before message_stop.',
    affected: 'Nobody can tell a whole answer from one that failed.',
    repair:
      'Write it in the last chunk of each choice, or in message_delta; a failure is an error, not a regular end.',
  },
  'finish-twice': {
    section: 'contract',
    severity: 'warning',
    dialects: CHOICES,
    requirement: 'A choice has one finish_reason.',
    affected: 'Clients that act on it (tool calls) act twice.',
    repair: 'Write it in one chunk only.',
  },
  'content-after-finish': {
    section: 'contract',
    severity: 'error',
    dialects: CHOICES,
    requirement: 'No content follows a choice’s finish_reason.',
    affected: 'Clients that stop there lose it.',
    repair: 'Send the finish_reason with or behind the last content.',
  },
  'done-missing': {
    section: 'contract',
    severity: 'error',
    dialects: ['chat', 'completions', 'messages'],
    requirement: '[DONE] ends a stream, in Messages message_stop.',
    affected: 'Clients that wait for it hang until a timeout, or report a broken stream.',
    repair: 'Write "data: [DONE]\\n\\n" or the event message_stop last, and close.',
  },
  'after-done': {
    section: 'contract',
    severity: 'error',
    requirement: 'Nothing follows what ends a stream: [DONE], message_stop, response.completed.',
    affected: 'Most stop reading there and lose it; some put the connection back half read.',
    repair: 'Write it once, when all is said, usage too.',
  },
  truncated: {
    section: 'contract',
    severity: 'error',
    requirement: 'A stream does not end in the middle.',
    affected: 'openai-node and others take the half for the whole.',
    repair: 'Send an error frame where the engine fails; look for a timeout of a proxy.',
  },
  'connection-broken': {
    section: 'contract',
    severity: 'error',
    requirement: 'The connection lasts until the stream has ended.',
    affected: 'All: an exception in the middle of an answer.',
    repair: 'Send an error frame before closing; look for a crash or a timeout of a proxy.',
  },
  'error-in-stream': {
    section: 'contract',
    severity: 'error',
    requirement: 'A small question is answered without an error.',
    affected: 'openai’s SDKs raise it; clients that look only at choices crash or end silently.',
    repair: 'See the server’s log; before the first event an error is a true HTTP status.',
  },
  'usage-asked': {
    section: 'contract',
    severity: 'warning',
    requirement: 'Usage comes where it is asked for; Responses and Messages always bring it.',
    affected: 'Agents and gateways count nothing.',
    repair:
      'Honour stream_options.include_usage; write usage in response.completed and message_delta.',
  },
  'usage-unasked': {
    section: 'contract',
    severity: 'warning',
    dialects: CHOICES,
    requirement: 'Usage comes only where it is asked for.',
    affected: 'A chunk without choices crashes clients that did not ask (Cline, Roo Code).',
    repair: 'Send it only with stream_options.include_usage.',
  },
  'usage-last': {
    section: 'contract',
    severity: 'warning',
    dialects: CHOICES,
    requirement: 'Usage comes once, last, with empty choices.',
    affected: 'Clients that add up counts, or read the last chunk only, count wrong.',
    repair:
      'Send one chunk with choices: [] and usage before [DONE] (vLLM: continuous_usage_stats off).',
  },
} as const satisfies Record<string, Rule>
