import type { Rule } from './rule.ts'

const CHOICES = ['chat', 'completions'] as const

/** What each chunk contains, and how a stream ends. */
export const contractRules = {
  'id-steady': {
    section: 'contract',
    severity: 'error',
    requirement: 'All chunks of an answer have the same id, and so do all events of an item.',
    affected:
      'Clients that collect chunks by id (LangChain, the cache of the ai SDK) see several answers.',
    repair: 'Create the id once per answer.',
  },
  'start-first': {
    section: 'contract',
    severity: 'error',
    dialects: ['responses', 'messages'],
    requirement: 'response.created or message_start comes first, and only once.',
    affected: 'SDKs build the answer from it, and raise an exception if another event comes first.',
    repair:
      'Write it when the request is accepted; fields that are not known yet may follow later.',
  },
  'event-sequence': {
    section: 'contract',
    severity: 'error',
    dialects: ['responses'],
    requirement: 'sequence_number counts the events from 0 without gaps.',
    affected: 'Clients that resume a stream with starting_after lose events or get them twice.',
    repair: 'Number every event where it is written.',
  },
  'block-open': {
    section: 'contract',
    severity: 'error',
    dialects: ['responses', 'messages'],
    requirement: 'An event belongs to an item, part or block that has started and has not ended.',
    affected:
      'SDKs that build the answer raise an exception, because there is nothing to add the event to.',
    repair:
      'Start it with response.output_item.added, response.content_part.added or content_block_start, and end it once.',
  },
  'block-closed': {
    section: 'contract',
    severity: 'error',
    dialects: ['responses', 'messages'],
    requirement: 'Every item, part and block ends before the answer ends.',
    affected: 'Clients that act on complete items, such as tool calls, never act.',
    repair: 'Write the .done events, or content_block_stop, before the last event.',
  },
  'done-text': {
    section: 'contract',
    severity: 'error',
    dialects: ['responses'],
    requirement: 'The event that ends a text repeats the text of its deltas.',
    affected:
      'Some clients read the deltas and some the final text, so they see different answers.',
    repair: 'Build the .done event from the deltas that were sent.',
  },
  'created-steady': {
    section: 'contract',
    severity: 'hint',
    dialects: CHOICES,
    requirement: 'All chunks of an answer have the same created value.',
    affected: 'No client is known to fail.',
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
      'The reason for the end is one that the API defines: a finish_reason (stop, length, tool_calls, content_filter, function_call, otherwise null), a stop_reason, or a status that matches its event.',
    affected: 'Typed clients fail; others read "" as the end, or miss the end.',
    repair:
      'Translate the engine’s own reasons (eos and abort; in Messages, stop is end_turn), and send null until the end.',
  },
  'finish-missing': {
    section: 'contract',
    severity: 'error',
    dialects: ['chat', 'completions', 'messages'],
    requirement:
      'Every choice has a finish_reason before [DONE], and a message has a stop_reason before message_stop.',
    affected: 'Clients cannot tell a complete answer from a failed one.',
    repair:
      'Write it in the last chunk of each choice, or in message_delta; report a failure as an error, not as a regular end.',
  },
  'finish-twice': {
    section: 'contract',
    severity: 'warning',
    dialects: CHOICES,
    requirement: 'A choice has one finish_reason.',
    affected: 'Clients that act on it, such as by running tool calls, act twice.',
    repair: 'Write it in one chunk only.',
  },
  'content-after-finish': {
    section: 'contract',
    severity: 'error',
    dialects: CHOICES,
    requirement: 'No content follows the finish_reason of a choice.',
    affected: 'Clients that stop reading there lose the content.',
    repair: 'Send the finish_reason with the last content or after it.',
  },
  'done-missing': {
    section: 'contract',
    severity: 'error',
    dialects: ['chat', 'completions', 'messages'],
    requirement: '[DONE] ends a stream; in Messages, message_stop does.',
    affected: 'Clients that wait for it hang until a timeout, or report a broken stream.',
    repair: 'Write "data: [DONE]\\n\\n" or the event message_stop last, then close the stream.',
  },
  'after-done': {
    section: 'contract',
    severity: 'error',
    requirement: 'Nothing follows the end of a stream: [DONE], message_stop or response.completed.',
    affected:
      'Most clients stop reading there and lose the rest; some reuse a connection that still has unread data.',
    repair: 'Write it once, after everything else, usage included.',
  },
  truncated: {
    section: 'contract',
    severity: 'error',
    requirement: 'A stream does not end in the middle of an answer.',
    affected: 'openai-node and others treat the incomplete answer as complete.',
    repair: 'Send an error frame if the engine fails; look for a timeout in a proxy.',
  },
  'connection-broken': {
    section: 'contract',
    severity: 'error',
    requirement: 'The connection stays open until the stream has ended.',
    affected: 'All: an exception in the middle of an answer.',
    repair: 'Send an error frame before closing; look for a crash, or for a timeout in a proxy.',
  },
  'error-in-stream': {
    section: 'contract',
    severity: 'error',
    requirement: 'A short question is answered without an error.',
    affected: 'OpenAI’s SDKs raise it; clients that read only choices crash or end silently.',
    repair: 'Read the server’s log; before the first event, report an error as an HTTP status.',
  },
  'usage-asked': {
    section: 'contract',
    severity: 'warning',
    requirement: 'Usage comes if it was requested; Responses and Messages always include it.',
    affected: 'Agents and gateways cannot count tokens.',
    repair:
      'Support stream_options.include_usage; write usage in response.completed and message_delta.',
  },
  'usage-unasked': {
    section: 'contract',
    severity: 'warning',
    dialects: CHOICES,
    requirement: 'Usage comes only if it was requested.',
    affected: 'A chunk without choices crashes clients that did not request it (Cline, Roo Code).',
    repair: 'Send it only with stream_options.include_usage.',
  },
  'usage-last': {
    section: 'contract',
    severity: 'warning',
    dialects: CHOICES,
    requirement: 'Usage comes once, last, and with empty choices.',
    affected: 'Clients that add counts up, or read only the last chunk, count wrong.',
    repair:
      'Send one chunk with choices: [] and usage before [DONE] (vLLM: turn continuous_usage_stats off).',
  },
} as const satisfies Record<string, Rule>
