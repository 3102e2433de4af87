import type { Rule } from './rule.ts'

const CHOICES = ['chat', 'completions'] as const

/** The form of a chunk, and of an event. */
export const schemaRules = {
  'chunk-object': {
    section: 'schema',
    severity: 'error',
    dialects: CHOICES,
    requirement: 'A chunk’s object is "chat.completion.chunk", a completion’s "text_completion".',
    affected: 'Typed clients (openai-go, Rust’s async-openai) refuse another.',
    repair: 'Set it in every chunk.',
  },
  'chunk-id': {
    section: 'schema',
    severity: 'error',
    dialects: CHOICES,
    requirement: 'A chunk has an id, a text.',
    affected: 'Typed clients fail where it is missing; others can’t tell answers apart.',
    repair: 'Give the answer one id and write it in every chunk.',
  },
  'chunk-model': {
    section: 'schema',
    severity: 'error',
    dialects: CHOICES,
    requirement: 'A chunk names its model.',
    affected: 'Typed clients fail where it is missing.',
    repair: 'Write the model’s name in every chunk.',
  },
  'chunk-created': {
    section: 'schema',
    severity: 'error',
    dialects: CHOICES,
    requirement: 'A chunk’s created is in seconds.',
    affected: 'Typed clients fail where it is missing; milliseconds become the year 50000.',
    repair: 'Write Unix time in whole seconds.',
  },
  'chunk-choices': {
    section: 'schema',
    severity: 'error',
    dialects: CHOICES,
    requirement:
      'A chunk has a list of choices, each with an index and a delta, or a completion’s text.',
    affected: 'All that read choices[0].delta or choices[0].text.',
    repair: 'Write choices in every chunk; an empty list where there is only usage.',
  },
  'event-fields': {
    section: 'schema',
    severity: 'error',
    dialects: ['responses', 'messages'],
    requirement: 'An event has a type, and the fields of that type.',
    affected: 'SDKs that build the answer from its events raise, or build half of it.',
    repair:
      'Write each event from one definition of its type; the OpenAPI document names the fields.',
  },
} as const satisfies Record<string, Rule>
