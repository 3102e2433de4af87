import type { Oddity, Repaired } from '../oddities.ts'
import {
  ASKS_USAGE,
  chunk,
  DONE,
  finish,
  ROLE,
  raw,
  STOP,
  stream,
  TEXT,
  TOKENS,
  text,
  USAGE,
  USAGE_CHUNK,
  WORDS,
} from './plain.ts'

const CALL = { id: 'call_1', type: 'function' }

const calls: Partial<Oddity> = { text: '', contains: ['"index":1'] }

/** What chunks say otherwise than OpenAI's, and streams that are whole all the same. */
export const fields: Oddity[] = [
  passed('the role on every delta', [
    ...TOKENS.map((content) => chunk({ role: 'assistant', content })),
    STOP,
  ]),
  passed('created drifts', [
    ROLE,
    ...WORDS.map((word, at) => ({ ...word, created: word.created + at })),
    STOP,
  ]),
  passed('usage: null', [...[ROLE, ...WORDS, STOP].map((each) => ({ ...each, usage: null }))]),
  passed('error: null', [...[ROLE, ...WORDS, STOP].map((each) => ({ ...each, error: null }))]),
  passed(
    'unknown fields',
    [ROLE, ...WORDS, { ...STOP, timings: { predicted_n: 5 }, x_groq: { id: 'req_1' } }],
    { contains: ['"predicted_n":5', '"x_groq"'] },
  ),
  {
    ...passed('numbers beyond what JavaScript holds', []),
    script: raw(
      text(ROLE, ...WORDS, STOP).replaceAll('"choices"', '"seed":12345678901234567890,"choices"') +
        DONE,
    ),
    contains: ['12345678901234567890'],
  },
  passed('no choices in the first chunk', [
    chunk(undefined, {}, { id: '', object: '', created: 0, model: '', choices: [] }),
    ROLE,
    ...WORDS,
    STOP,
  ]),
  passed('no choices in the middle', [ROLE, chunk(undefined, {}, { choices: [] }), ...WORDS, STOP]),
  passed('empty deltas after the finish', [
    ROLE,
    ...WORDS,
    STOP,
    chunk({}),
    chunk({ content: '' }),
  ]),
  passed('content and finish in one chunk', [
    ROLE,
    ...WORDS.slice(0, -1),
    chunk({ content: TOKENS.at(-1) }, { finish_reason: 'stop' }),
  ]),
  passed('content: null beside the role', [
    chunk({ role: 'assistant', content: null }),
    ...WORDS,
    STOP,
  ]),
  passed('nulls for what is not said', [
    ROLE,
    ...TOKENS.map((content) => chunk({ role: null, content, tool_calls: null, refusal: null })),
    STOP,
  ]),
  passed('no finish_reason before the last', [
    chunk({ role: 'assistant', content: '' }, { finish_reason: undefined }),
    ...TOKENS.map((content) => chunk({ content }, { finish_reason: undefined })),
    STOP,
  ]),
  passed('fewer choices than asked for', [ROLE, ...WORDS, STOP], { request: { n: 2 } }),
  passed('two choices in turns', [
    ROLE,
    chunk({ role: 'assistant', content: 'B' }, { index: 1 }),
    ...WORDS,
    finish('length', 1),
    STOP,
  ]),
  passed('reasoning_content', [ROLE, chunk({ reasoning_content: 'Hm.' }), ...WORDS, STOP], {
    contains: ['"reasoning_content":"Hm."'],
  }),
  passed('reasoning', [ROLE, chunk({ reasoning: 'Hm.' }), ...WORDS, STOP], {
    contains: ['"reasoning":"Hm."'],
  }),
  passed(
    '<think> split over chunks',
    [ROLE, ...['<thi', 'nk>Hm.</', 'think>'].map((content) => chunk({ content })), ...WORDS, STOP],
    { text: `<think>Hm.</think>${TEXT}` },
  ),
  passed('tool calls', toolCalls([0, 0, 1, 1]), { text: '' }),
  passed('the empty id of the first chunk', [{ ...ROLE, id: '' }, ...WORDS, STOP]),
  passed('usage when asked', [ROLE, ...WORDS, STOP, USAGE_CHUNK], {
    request: ASKS_USAGE,
    contains: ['"total_tokens":8'],
  }),
  // Usage is asked of every upstream, so this much of it is no departure; it is not passed on.
  passed('usage that the client did not ask for', [ROLE, ...WORDS, STOP, USAGE_CHUNK], {
    without: ['total_tokens'],
  }),
  ...['length', 'content_filter', 'tool_calls', 'function_call'].map((reason) =>
    passed(`finish_reason ${reason}`, [ROLE, ...WORDS, finish(reason)], {
      contains: [`"finish_reason":"${reason}"`],
    }),
  ),
  ...Object.entries({ eos: 'stop', end_turn: 'stop', max_tokens: 'length' }).map(([from, to]) =>
    repaired(`finish_reason ${from}`, ['finish_reason'], [ROLE, ...WORDS, finish(from)], {
      contains: [`"finish_reason":"${to}"`],
      without: [`"${from}"`],
    }),
  ),
  repaired(
    'an empty finish_reason on every chunk',
    ['finish_reason'],
    [
      chunk({ role: 'assistant', content: '' }, { finish_reason: '' }),
      ...TOKENS.map((content) => chunk({ content }, { finish_reason: '' })),
      STOP,
    ],
    { without: ['"finish_reason":""'] },
  ),
  repaired('a second finish_reason', ['finish_reason'], [ROLE, ...WORDS, STOP, STOP]),
  repaired('tool calls without an index', ['tool_index'], toolCalls([undefined, undefined]), calls),
  repaired('tool calls all of index 0', ['tool_index'], toolCalls([0, 0, 0, 0]), calls),
  repaired(
    'tool calls that say who they are in every piece',
    ['tool_call'],
    [
      ROLE,
      ...['{"at":', '1}'].map((args) =>
        chunk({ tool_calls: [{ index: 0, ...CALL, function: { name: 'look', arguments: args } }] }),
      ),
      finish('tool_calls'),
    ],
    { text: '', contains: ['{"index":0,"function":{"arguments":"1}"}}'] },
  ),
  repaired(
    'tool calls without an id or a type',
    ['tool_call'],
    [
      ROLE,
      chunk({ tool_calls: [{ index: 0, function: { name: 'look', arguments: '{"at":' } }] }),
      chunk({ tool_calls: [{ index: 0, function: { arguments: '1}' } }] }),
      finish('tool_calls'),
    ],
    { text: '', contains: ['"id":"call_', '"type":"function"'] },
  ),
  repaired(
    'arguments that are an object',
    ['tool_call'],
    [
      ROLE,
      chunk({ tool_calls: [{ index: 0, ...CALL, function: { name: 'f', arguments: { a: 1 } } }] }),
      finish('tool_calls'),
    ],
    { text: '', contains: ['"arguments":"{\\"a\\":1}"'] },
  ),
  repaired('created in milliseconds', ['created'], inMilliseconds(), {
    without: ['1790000000000'],
  }),
  repaired('no role', ['role'], [...WORDS, STOP], { contains: ['"role":"assistant"'] }),
  repaired('a first role that is none', ['role'], [chunk({ role: 'asistant' }), ...WORDS, STOP], {
    contains: ['"role":"assistant"'],
    without: ['"asistant"'],
  }),
  repaired(
    'no delta after the finish',
    ['delta'],
    [
      ROLE,
      ...WORDS,
      STOP,
      chunk(
        undefined,
        { content_filter_offsets: { check_offset: 44 } },
        { id: '', object: '', created: 0, model: '' },
      ),
    ],
  ),
  repaired(
    'a new id in every chunk',
    ['id'],
    [ROLE, ...WORDS, STOP].map((each, at) => ({ ...each, id: `chatcmpl-${at}` })),
    { contains: ['"id":"chatcmpl-0"'], without: ['chatcmpl-1', 'chatcmpl-6'] },
  ),
  repaired(
    'a number for an id',
    ['id'],
    [ROLE, ...WORDS, STOP].map((each, at) => ({ ...each, id: at })),
    { contains: ['"id":"0"'], without: ['"id":1'] },
  ),
  repaired(
    'fractions of a second in created',
    ['created'],
    [ROLE, ...WORDS, STOP].map((each) => ({ ...each, created: each.created + 0.25 })),
    { contains: ['"created":1790000000,'] },
  ),
  repaired(
    'content as parts',
    ['parts'],
    [
      ROLE,
      chunk({ content: [{ type: 'thinking', thinking: [{ type: 'text', text: 'Hm.' }] }] }),
      ...TOKENS.map((text) => chunk({ content: [{ type: 'text', text }] })),
      STOP,
    ],
    { contains: ['"reasoning_content":"Hm."'], without: ['"type":"text"'] },
  ),
  repaired('data: null', ['null'], [null as never, ROLE, ...WORDS, STOP]),
  passed(
    'timings beside usage that the client did not ask for',
    [ROLE, ...WORDS, STOP, { ...USAGE_CHUNK, timings: { predicted_n: 5 } }],
    { contains: ['"predicted_n":5'], without: ['total_tokens', '"choices":[]'] },
  ),
  repaired(
    'no index in a choice',
    ['index'],
    [ROLE, ...TOKENS.map((content) => chunk({ content }, { index: undefined })), STOP],
  ),
  repaired('usage on every chunk', ['usage'], withUsage(ROLE, ...WORDS, STOP, USAGE_CHUNK), {
    request: ASKS_USAGE,
    contains: ['"total_tokens":8'],
  }),
  repaired('usage on every chunk, unasked', ['usage'], withUsage(ROLE, ...WORDS, STOP), {
    without: ['total_tokens'],
  }),
  repaired('usage in the last choice', ['usage'], [ROLE, ...WORDS, { ...STOP, usage: USAGE }], {
    request: ASKS_USAGE,
    contains: ['"total_tokens":8'],
  }),
  repaired(
    'usage in the last choice, unasked',
    ['usage'],
    [ROLE, ...WORDS, { ...STOP, usage: USAGE }],
    {
      without: ['total_tokens'],
    },
  ),
  repaired('usage before the finish', ['usage'], [ROLE, ...WORDS, USAGE_CHUNK, STOP], {
    request: ASKS_USAGE,
    contains: ['"total_tokens":8'],
  }),
  repaired('usage twice', ['usage'], [ROLE, ...WORDS, STOP, USAGE_CHUNK, USAGE_CHUNK], {
    request: ASKS_USAGE,
  }),
]

function passed(name: string, chunks: object[], more: Partial<Oddity> = {}): Oddity {
  return { name, script: stream(...chunks), expect: 'passed', text: TEXT, ...more }
}

function repaired(name: string, names: Repaired[], chunks: object[], more: Partial<Oddity> = {}) {
  return { ...passed(name, chunks, more), expect: 'repaired' as const, repaired: names }
}

function withUsage(...chunks: object[]): object[] {
  return chunks.map((each) => ({ ...each, usage: USAGE }))
}

function inMilliseconds(): object[] {
  return [ROLE, ...WORDS, STOP].map((each) => ({ ...each, created: each.created * 1000 }))
}

/** Two parallel calls, each in one piece or two, with these indices. */
function toolCalls(indices: (number | undefined)[]): object[] {
  const perCall = indices.length / 2
  const pieces = indices.map((index, at) => {
    const opens = at % perCall === 0
    const name = at < perCall ? 'look' : 'listen'
    const body = perCall === 1 ? '{"at":1}' : opens ? '{"at":' : '1}'
    const call = opens
      ? { index, id: `call_${name}`, type: 'function', function: { name, arguments: body } }
      : { index, function: { arguments: body } }
    return chunk({ tool_calls: [call] })
  })
  return [chunk({ role: 'assistant', content: null }), ...pieces, finish('tool_calls')]
}
