import type { Rule } from './rule.ts'

const CALLERS = ['chat', 'responses', 'messages'] as const

/** Calls of tools, and answers of a given form. */
export const toolsRules = {
  'tool-call': {
    section: 'tools',
    severity: 'error',
    dialects: CALLERS,
    requirement: 'A call’s first part has its id and the name of a tool that was offered.',
    affected: 'Agents can’t run it, or can’t say which call they answer.',
    repair: 'Write id and name in a call’s first delta, and no other name than those offered.',
  },
  'tool-index': {
    section: 'tools',
    severity: 'error',
    dialects: ['chat'],
    requirement: 'Calls of one answer have an index each.',
    affected: 'Arguments of several calls run together, or each part becomes a call (old Ollama).',
    repair: 'Number the calls from 0 and write the number in every delta of a call.',
  },
  'tool-arguments': {
    section: 'tools',
    severity: 'error',
    dialects: CALLERS,
    requirement: 'A call’s arguments, put together, are a JSON object.',
    affected: 'Agents raise where they parse them.',
    repair:
      'Constrain the arguments by their schema (vLLM: the tool-call parser of the model’s kind), and write {} for none.',
  },
  'tool-finish': {
    section: 'tools',
    severity: 'warning',
    dialects: CALLERS,
    requirement:
      'An answer that calls a tool ends for that: tool_calls, tool_use, a completed response.',
    affected: 'Agents that look there take the answer for the last one, and stop.',
    repair: 'Write tool_calls or tool_use where there was a call, not stop.',
  },
  'structured-json': {
    section: 'structured',
    severity: 'error',
    dialects: CALLERS,
    requirement: 'An answer that was given a JSON Schema fits it.',
    affected: 'What parses the answer by its schema raises.',
    repair: 'Constrain the generation by the schema, or refuse the field: not to heed it is worst.',
  },
} as const satisfies Record<string, Rule>
