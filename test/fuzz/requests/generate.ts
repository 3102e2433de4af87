/** Requests: correct ones, ones of which fields were changed, and ones that are no request at all. */
import fc from 'fast-check'
import { mutation } from '../../support/mutate.ts'
import { type Edit, edits } from '../bytes.ts'
import { bodies, PATHS, type Path } from './bodies.ts'

interface Mutation {
  at: number
  how: string
  to: unknown
}

export type RequestsInput =
  | { kind: 'body'; path: Path; model: string; body: unknown; mutations: Mutation[]; edits: Edit[] }
  | { kind: 'headers'; path: Path; headers: Record<string, string> }
  | { kind: 'route'; method: string; path: string; query: [string, string][] }

const model = fc.constantFrom('own', 'own', 'gpu', 'gpu', 'static', 'none', 'OWN', '', '__proto__')
const path = fc.constantFrom(...PATHS)

/** Values that break what expects another. */
const value = fc.oneof(
  fc.jsonValue({ maxDepth: 4 }),
  fc.constantFrom<unknown>(
    ...[1e308, -0, 5e-324, 2 ** 53, -1, 0.5, [], {}, [[]], [{}], [null], '', null, true],
    ...[{ __proto__: null, type: 'text' }, { type: 'function' }, { length: 3 }, ['a', 1, null]],
  ),
  fc.constant(JSON.parse('{"__proto__":{"type":"text"},"constructor":{"prototype":1}}')),
  fc
    .integer({ min: 50, max: 200 })
    .map((depth) => JSON.parse('['.repeat(depth) + ']'.repeat(depth))),
)
const mutations = fc.array(
  fc.oneof(
    mutation,
    value.chain((to) => mutation.map((each) => ({ ...each, to }))),
  ),
  { minLength: 1, maxLength: 3 },
)
const PIECES = [
  '"',
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '\\',
  'null',
  '1e999',
  '\xff',
  '\0',
  '/*',
  '\ufeff',
  ' ',
]

const body = path.chain((where) =>
  fc.record({
    kind: fc.constant('body' as const),
    path: fc.constant(where),
    model,
    body: fc.oneof({ weight: 9, arbitrary: bodies[where] }, { weight: 1, arbitrary: value }),
    mutations: fc.oneof(
      { weight: 1, arbitrary: fc.constant<Mutation[]>([]) },
      { weight: 2, arbitrary: mutations },
    ),
    edits: fc.oneof(
      { weight: 8, arbitrary: fc.constant<Edit[]>([]) },
      { weight: 1, arbitrary: edits(PIECES) },
    ),
  }),
)

const headerText = fc.string({
  unit: fc.constantFrom(...'abz019 ,;=/*"\\-_.:é\t\xff'),
  maxLength: 20,
})
const headerName = fc.constantFrom(
  ...[
    'content-type',
    'accept',
    'authorization',
    'origin',
    'content-encoding',
    'range',
    'x-api-key',
  ],
  ...[
    'content-length',
    'transfer-encoding',
    'x-request-id',
    'cookie',
    'host',
    'expect',
    'traceparent',
  ],
  ...[
    'access-control-request-method',
    'access-control-request-headers',
    'if-none-match',
    'forwarded',
  ],
  ...['anthropic-version', 'anthropic-beta', 'sluice-hops', 'x-forwarded-for', 'x-stainless-lang'],
)
const headers = fc.record({
  kind: fc.constant('headers' as const),
  path,
  headers: fc.dictionary(headerName, headerText, { maxKeys: 4 }),
})

const part = fc.oneof(
  fc.constantFrom(
    ...[
      'v1',
      'chat',
      'completions',
      'models',
      'health',
      'status',
      'embeddings',
      'assets',
      'metrics',
    ],
    ...[
      '..',
      '.',
      '',
      '%',
      '%2e%2e',
      '%00',
      '%ff',
      '%2F',
      '*',
      ':id',
      '?',
      '#',
      '__proto__',
      'ready',
    ],
    ...['responses', 'messages', 'count_tokens', 'resp_x', 'cancel', 'input_items', 'openapi.json'],
  ),
  fc.string({ unit: 'grapheme', maxLength: 12 }),
)
const query = fc.tuple(
  fc.constantFrom('stream', 'starting_after', 'order', 'limit', 'after', 'beta', 'x', '__proto__'),
  fc.oneof(fc.string({ maxLength: 8 }), fc.constantFrom('true', '0', '1', '-1', '1e9', 'asc')),
)
const known = fc.constantFrom(
  ...['/v1/responses/STORED', '/v1/responses/STORED/input_items', '/v1/responses/STORED/cancel'],
  ...['/v1/models', '/v1/models/own', '/v1/models/%ff', '/health', '/health/ready', '/status', '/'],
)
const route = fc.record({
  kind: fc.constant('route' as const),
  method: fc.constantFrom('GET', 'POST', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'QUERY'),
  path: fc.oneof(
    known,
    fc.array(part, { maxLength: 6 }).map((parts) => `/${parts.join('/')}`),
  ),
  query: fc.array(query, { maxLength: 3 }),
})

export const requestsInput: fc.Arbitrary<RequestsInput> = fc.oneof(
  { weight: 8, arbitrary: body },
  { weight: 1, arbitrary: headers },
  { weight: 1, arbitrary: route },
)
