import type { HostName } from '../support/server.ts'
import type { Word } from './speak.ts'

/** What a client does to the server, and what it may hear. The server closes in the end. */
export interface ClientFault {
  name: string
  words: Word[]
  /**
   * The statuses of all answers, in order, joined by commas; several where hosts differ, and what
   * only one host says by its name.
   */
  statuses: { all: string[] } & { [host in HostName]?: string[] }
  /** In the body of the answer. */
  code?: string
}

const CHAT = '/v1/chat/completions'
const VALID = JSON.stringify({
  model: 'static',
  stream: true,
  messages: [{ role: 'user', content: 'Go.' }],
})

function head(headers: Record<string, string | number>, path = CHAT): string {
  const all = { host: '127.0.0.1', 'content-type': 'application/json', ...headers }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`)
  return `POST ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`
}

/** A whole request; its answer is the last on its connection. */
function post(body: string | Uint8Array, headers: Record<string, string | number> = {}): Word[] {
  const length = Buffer.byteLength(body)
  return [head({ 'content-length': length, connection: 'close', ...headers }), body]
}

const GET = 'GET /health HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n'
const CHUNKED = { 'transfer-encoding': 'chunked' }
/** Node says why it closes, the others just do. */
const CLOSED = ['', '408']
const AFTER_ONE = ['200', '200,408']

export const CLIENT_FAULTS: ClientFault[] = [
  { name: 'says nothing', words: [], statuses: { all: CLOSED } },
  {
    name: 'stops within its headers',
    words: [GET.slice(0, -8)],
    statuses: { all: CLOSED },
  },
  {
    name: 'sends its headers a byte at a time',
    words: [{ drip: GET.replace('\r\n\r\n', `\r\nx-a: ${'a'.repeat(500)}`), every: 100 }],
    statuses: { all: CLOSED },
  },
  { name: 'keeps an idle connection', words: [GET], statuses: { all: ['200'] } },
  {
    name: 'is slow with the headers of its second request',
    words: [GET, { wait: 300 }, { drip: `${GET.slice(0, -2)}x-a: ${'a'.repeat(500)}`, every: 100 }],
    statuses: { all: AFTER_ONE },
  },
  {
    name: 'sends its body a byte at a time',
    words: [head({ 'content-length': 500 }), { drip: ' '.repeat(500), every: 50 }],
    statuses: { all: ['408'] },
    code: 'request_timeout',
  },
  {
    name: 'sends a chunked body a byte at a time',
    words: [head(CHUNKED), { drip: '1\r\n \r\n'.repeat(100), every: 20 }],
    statuses: { all: ['408'] },
    code: 'request_timeout',
  },
  {
    name: 'stops within its body',
    words: [head({ 'content-length': 500 }), '{"model":'],
    statuses: { all: ['408'] },
    code: 'request_timeout',
  },
  {
    name: 'stops within the body of its second request',
    words: [GET, { wait: 300 }, head({ 'content-length': 500 }), '{"model":'],
    statuses: { all: ['200,408'] },
    code: 'request_timeout',
  },
  {
    name: 'stops within a body for embeddings',
    words: [head({ 'content-length': 500 }, '/v1/embeddings'), '{"model":'],
    statuses: { all: ['408'] },
    code: 'request_timeout',
  },
  {
    name: 'goes on with a body that nobody reads',
    words: [
      head({ 'content-length': 500 }, '/v1/nowhere'),
      { wait: 100 },
      { drip: ' '.repeat(500), every: 50 },
    ],
    statuses: { all: ['404', '404,408'] },
    code: 'not_found',
  },
  {
    name: 'announces more than it sends, and ends',
    words: [head({ 'content-length': VALID.length + 9 }), VALID, { end: true }],
    statuses: { all: ['', '400', '499'] },
  },
  {
    name: 'announces more than it sends, and leaves',
    words: [head({ 'content-length': 500 }), VALID, { wait: 200 }, { destroy: true }],
    statuses: { all: [''] },
  },
  {
    name: 'sends more than it announced',
    words: [...post(VALID), 'and more\r\n\r\n'],
    statuses: { all: ['200', '200,400', '400'] },
  },
  {
    name: 'ends within a chunk',
    words: [head(CHUNKED), '99\r\n{"model"', { end: true }],
    statuses: { all: ['', '400', '499'] },
  },
  {
    name: 'sends a chunk of no length',
    words: [head(CHUNKED), 'zz\r\n{}\r\n0\r\n\r\n'],
    statuses: { all: ['', '400', '499'] },
  },
  {
    name: 'announces two lengths',
    words: [
      `POST ${CHAT} HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 4\r\ncontent-length: 9\r\n\r\n{}  GET /`,
    ],
    statuses: { all: ['', '400'] },
  },
  {
    name: 'announces a length and chunks',
    words: [head({ 'content-length': 4, ...CHUNKED }), '0\r\n\r\n', GET],
    statuses: { all: ['', '400'] },
  },
  {
    name: 'announces a length that is none',
    words: [head({ 'content-length': '-1' }), VALID],
    statuses: { all: ['', '400'] },
  },
  {
    name: 'speaks another protocol',
    words: ['\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
    statuses: { all: ['', '400', '408', '501'] },
  },
  {
    name: 'announces too long a body',
    words: [head({ 'content-length': 2_000_001, connection: 'close' })],
    statuses: { all: ['413'] },
    code: 'request_too_large',
  },
  {
    name: 'sends too long a body',
    words: [
      head({ ...CHUNKED, connection: 'close' }),
      ...Array.from({ length: 40 }, () => `10000\r\n${' '.repeat(65_536)}\r\n`),
      '0\r\n\r\n',
    ],
    statuses: { all: ['413'] },
    code: 'request_too_large',
  },
  {
    name: 'nests ten thousand levels deep',
    words: post(`{"messages":${'['.repeat(10_000)}${']'.repeat(10_000)}}`),
    statuses: { all: ['400'] },
    code: 'invalid_value',
  },
  {
    name: 'sends what is no UTF-8',
    words: post(Buffer.from('{"messages":[{"role":"user","content":"\xff\xfe"}]}', 'latin1')),
    statuses: { all: ['400'] },
    code: 'invalid_value',
  },
  {
    name: 'sends headers without end',
    words: [`${GET.slice(0, -2)}${'x-a: aaaaaaaaaaaaaaaa\r\n'.repeat(20_000)}`],
    statuses: { all: ['', '400', '408', '413', '431'] },
  },
]
