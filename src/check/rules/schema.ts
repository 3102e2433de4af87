import type { Rule } from '../rule.ts'

/** The form of a chunk. */
export const schemaRules = {
  'chunk-object': {
    section: 'schema',
    severity: 'error',
    says: 'A chunk’s object is "chat.completion.chunk".',
    clients: 'Typed clients (openai-go, Rust’s async-openai) refuse another.',
    mend: 'Set it in every chunk.',
  },
  'chunk-id': {
    section: 'schema',
    severity: 'error',
    says: 'A chunk has an id, a text.',
    clients: 'Typed clients fail where it is missing; others can’t tell answers apart.',
    mend: 'Give the answer one id and write it in every chunk.',
  },
  'chunk-model': {
    section: 'schema',
    severity: 'error',
    says: 'A chunk names its model.',
    clients: 'Typed clients fail where it is missing.',
    mend: 'Write the model’s name in every chunk.',
  },
  'chunk-created': {
    section: 'schema',
    severity: 'error',
    says: 'A chunk’s created is in seconds.',
    clients: 'Typed clients fail where it is missing; milliseconds become the year 50000.',
    mend: 'Write Unix time in whole seconds.',
  },
  'chunk-choices': {
    section: 'schema',
    severity: 'error',
    says: 'A chunk has a list of choices, each with an index and a delta.',
    clients: 'All that read choices[0].delta.',
    mend: 'Write choices in every chunk; an empty list where there is only usage.',
  },
} as const satisfies Record<string, Rule>
