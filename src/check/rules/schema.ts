import type { Rule } from './rule.ts'

const CHOICES = ['chat', 'completions'] as const

/** The form of a chunk and of an event. */
export const schemaRules = {
  'chunk-object': {
    section: 'schema',
    severity: 'error',
    dialects: CHOICES,
    requirement:
      'The object of a chat chunk is "chat.completion.chunk", that of a completion "text_completion".',
    affected: 'Typed clients (openai-go, Rust’s async-openai) reject any other value.',
    repair: 'Set it in every chunk.',
  },
  'chunk-id': {
    section: 'schema',
    severity: 'error',
    dialects: CHOICES,
    requirement: 'A chunk has an id, which is a non-empty string.',
    affected: 'Typed clients fail if it is missing; others cannot tell answers apart.',
    repair: 'Create one id per answer and write it in every chunk.',
  },
  'chunk-model': {
    section: 'schema',
    severity: 'error',
    dialects: CHOICES,
    requirement: 'A chunk names its model.',
    affected: 'Typed clients fail if it is missing.',
    repair: 'Write the model’s name in every chunk.',
  },
  'chunk-created': {
    section: 'schema',
    severity: 'error',
    dialects: CHOICES,
    requirement: 'The created field of a chunk is a Unix time in seconds.',
    affected: 'Typed clients fail if it is missing; milliseconds are read as the year 50000.',
    repair: 'Write Unix time in whole seconds.',
  },
  'chunk-choices': {
    section: 'schema',
    severity: 'error',
    dialects: CHOICES,
    requirement:
      'A chunk has a list of choices, each with an index and a delta (in completions, a text).',
    affected: 'All clients that read choices[0].delta or choices[0].text.',
    repair: 'Write choices in every chunk, as an empty list in a chunk that has only usage.',
  },
  'event-fields': {
    section: 'schema',
    severity: 'error',
    dialects: ['responses', 'messages'],
    requirement: 'An event has a type and the required fields of that type.',
    affected:
      'SDKs that build the answer from its events raise an exception, or build an incomplete answer.',
    repair:
      'Write each event from one definition of its type; the OpenAPI document lists the fields.',
  },
} as const satisfies Record<string, Rule>
