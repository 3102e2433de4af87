import type { Rule } from './rule.ts'

const CALLERS = ['chat', 'responses', 'messages'] as const

/** Tool calls and structured output. */
export const toolsRules = {
  'tool-call': {
    section: 'tools',
    severity: 'error',
    dialects: CALLERS,
    requirement: 'The first part of a call has its id and the name of an offered tool.',
    affected: 'Agents cannot run the tool, or cannot say which call they answer.',
    repair:
      'Write id and name in the first delta of a call, and only names of tools that were offered.',
  },
  'tool-index': {
    section: 'tools',
    severity: 'error',
    dialects: ['chat'],
    requirement: 'Each call of an answer has its own index.',
    affected: 'Arguments of several calls are mixed up, or each part becomes a call (old Ollama).',
    repair: 'Number the calls from 0 and write the number in every delta of a call.',
  },
  'tool-arguments': {
    section: 'tools',
    severity: 'error',
    dialects: CALLERS,
    requirement: 'The joined arguments of a call are a JSON object.',
    affected: 'Agents raise an exception when they parse the arguments.',
    repair:
      'Constrain the arguments by their schema (vLLM: use the tool-call parser for the model), and write {} if there are none.',
  },
  'tool-finish': {
    section: 'tools',
    severity: 'warning',
    dialects: CALLERS,
    requirement:
      'An answer that calls a tool ends with tool_calls, tool_use or a completed response.',
    affected: 'Agents that check the reason treat the answer as the last one, and stop.',
    repair: 'Write tool_calls or tool_use after a call, not stop.',
  },
  'structured-json': {
    section: 'structured',
    severity: 'error',
    dialects: CALLERS,
    requirement: 'An answer to a request with a JSON Schema matches the schema.',
    affected: 'Clients that parse the answer by its schema raise an exception.',
    repair: 'Constrain the generation by the schema, or reject the field; do not ignore it.',
  },
} as const satisfies Record<string, Rule>
