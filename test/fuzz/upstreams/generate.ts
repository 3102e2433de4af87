/** Answers of upstreams: what they say, in which API, and what goes wrong on the way. */
import fc from 'fast-check'
import { cuts, type Edit, edits } from '../bytes.ts'
import { APIS, type Api, type Said } from './said.ts'

/** A change of the order of events, or an event that does not belong. */
export type Change =
  | { how: 'drop'; at: number }
  | { how: 'double'; at: number }
  | { how: 'swap'; at: number; other: number }
  | { how: 'insert'; at: number; send: string }

export interface UpstreamsInput {
  /** What the client asks in. */
  asked: Api
  /** What the upstream answers in, whatever it was asked in. */
  answers: Api
  /** Whether the upstream is said to have the client's own API, where that is not the chat's. */
  isNative: boolean
  stream: boolean
  usage: boolean
  said: Said
  changes: Change[]
  edits: Edit[]
  /** How much of the answer comes, in thousandths. */
  share: number
  cuts: number[]
  /** Milliseconds before some of the packets. */
  delay: number
  ending: 'end' | 'break' | 'hang'
}

const words = fc.array(
  fc.oneof(
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 6 }),
    fc.constantFrom(
      ' a',
      '\n',
      '"',
      '\\',
      '\u2028',
      '<think>',
      '</think>',
      'data: [DONE]\n\n',
      '{',
    ),
  ),
  { maxLength: 6 },
)

/** JSON of an object, in pieces. */
const call = fc
  .tuple(
    fc.dictionary(fc.string({ maxLength: 4 }), fc.jsonValue({ maxDepth: 2 }), { maxKeys: 3 }),
    fc.nat(),
    fc.nat(),
  )
  .map(([value, one, other]) => {
    const text = JSON.stringify(value)
    const [from, to] = [one % text.length, other % text.length].sort((a, b) => a - b) as [
      number,
      number,
    ]
    return [text.slice(0, from), text.slice(from, to), text.slice(to)].filter((each) => each !== '')
  })

/** Events that no server should send there. */
const foreign = fc.oneof(
  fc.constantFrom(
    ...[
      'data: [DONE]\n\n',
      ': ping\n\n',
      ': ping\n',
      'data:\n\n',
      'data: {}\n\n',
      'data: null\n\n',
    ],
    ...['data: {"error":{"message":"CUDA out of memory","type":"server_error"}}\n\n', '\n', '\r\n'],
    ...['data: {"error":"x"}\n\n', 'event: error\ndata: {"error":{"message":"x"}}\n\n', 'id: 1\n'],
    ...[
      'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"x"}}\n\n',
    ],
    ...['event: ping\ndata: {"type":"ping"}\n\n', 'data: {"choices":[{}]}\n\n', 'data: [DONE]'],
    ...['data: {"choices":{}}\n\n', 'data: {"choices":null}\n\n', 'retry: 5\n\n', 'data\n\n'],
    ...[
      'event: response.failed\ndata: {"type":"response.failed","sequence_number":1,"response":{"status":"failed","error":{"code":"server_error","message":"x"}}}\n\n',
    ],
    ...[
      'event: message_stop\ndata: {"type":"message_stop"}\n\n',
      'event: x.y\ndata: {"type":"x.y"}\n\n',
    ],
    ...[
      'data: {"choices":[{"index":0,"delta":{"content":["x"]}}]}\n\n',
      'event: x\n\n',
      '{"a":1}\n\n',
    ],
    ...['data: {"id":"x","choices":[{"index":0,"delta":{},"finish_reason":"length"}]}\n\n'],
    ...['data: {"choices":[{"index":-1,"delta":{"content":7},"finish_reason":"abort"}]}\n\n'],
  ),
  fc.jsonValue({ maxDepth: 3 }).map((value) => `data: ${JSON.stringify(value)}\n\n`),
  fc.jsonValue({ maxDepth: 2 }).map((value) => `data: ${JSON.stringify({ choices: value })}\n\n`),
)

const at = fc.nat(50)
const change: fc.Arbitrary<Change> = fc.oneof(
  at.map((place) => ({ how: 'drop' as const, at: place })),
  at.map((place) => ({ how: 'double' as const, at: place })),
  fc.tuple(at, at).map(([one, other]) => ({ how: 'swap' as const, at: one, other })),
  fc.tuple(at, foreign).map(([place, send]) => ({ how: 'insert' as const, at: place, send })),
)

const PIECES = ['\n', '\n\n', '\r', '"', '{', '}', '\xff', '\0', 'data: ', ',', ':', 'null', '\\']

export const upstreamsInput: fc.Arbitrary<UpstreamsInput> = fc
  .record({
    asked: fc.constantFrom(...APIS),
    answers: fc.option(fc.constantFrom(...APIS), { freq: 4 }),
    isNative: fc.boolean(),
    stream: fc.nat(4).map((each) => each > 0),
    usage: fc.boolean(),
    said: fc.record({ thinking: words, text: words, call: fc.option(call, { freq: 3 }) }),
    changes: fc.oneof(fc.constant<Change[]>([]), fc.array(change, { maxLength: 3 })),
    edits: fc.oneof(
      { weight: 3, arbitrary: fc.constant<Edit[]>([]) },
      { weight: 1, arbitrary: edits(PIECES) },
    ),
    share: fc.oneof(
      { weight: 2, arbitrary: fc.constant(1_000) },
      { weight: 1, arbitrary: fc.nat(1_000) },
    ),
    cuts,
    delay: fc.nat(40).map((each) => (each === 40 ? 5 : 0)),
    ending: fc.oneof(
      { weight: 60, arbitrary: fc.constant('end' as const) },
      { weight: 40, arbitrary: fc.constant('break' as const) },
      { weight: 1, arbitrary: fc.constant('hang' as const) },
    ),
  })
  // The API that such a request is sent in, unless another was chosen.
  .map(({ answers, ...rest }) => {
    const isSame = rest.asked === 'completions' || rest.isNative
    return { ...rest, answers: answers === null ? (isSame ? rest.asked : 'chat') : answers }
  })
  .map((input) => ({ ...input, said: isOf(input.answers, input.said) }))

/** What can be said in the API. */
function isOf(api: Api, said: Said): Said {
  if (api === 'completions') return { ...said, thinking: [], call: null }
  return api === 'responses' ? { ...said, thinking: [] } : said
}
