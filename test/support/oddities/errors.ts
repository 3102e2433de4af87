import type { FailureCode, Oddity } from '../oddities.ts'
import type { Script } from '../script.ts'
import { chunk, DONE, finish, ROLE, raw, STOP, TEXT, text, WORDS } from './plain.ts'

const OPEN = text(ROLE, ...WORDS)
const FIRE = 'The GPU is on fire.'

const NOT_UTF8 = {
  'a byte that never occurs': '/w==',
  'an overlong form': 'wK8=',
  'a surrogate': '7aCA',
  'a code point too high': '9JCAgA==',
}

/** Errors that an upstream reports inside its stream, and what cannot be read as a chunk. */
export const errors: Oddity[] = [
  reported('an error object', { error: { message: FIRE, type: 'server_error', code: null } }),
  reported('an error object whose code is a number', {
    error: { code: 500, message: FIRE, type: 'server_error' },
  }),
  reported('an error string', { error: FIRE }),
  reported("vLLM's old error", {
    object: 'error',
    message: FIRE,
    type: 'InternalServerError',
    param: null,
    code: 500,
  }),
  reported("Anthropic's error", {
    type: 'error',
    error: { type: 'overloaded_error', message: FIRE },
  }),
  reported("FastAPI's error", { detail: FIRE }),
  reported('an error inside a chunk', {
    ...chunk({ content: '' }, { finish_reason: 'error' }),
    error: { code: 502, message: FIRE },
  }),
  reportedRaw('an error event', `event: error\ndata: {"message":"${FIRE}"}\n\n`),
  reportedRaw(
    'an error event with an error object',
    `event: error\ndata: {"error":{"message":"${FIRE}"}}\n\n`,
  ),
  reportedRaw('an error event of plain text', `event: error\ndata: ${FIRE}\n\n`),
  reportedRaw(
    "llama-server's error field",
    `error: {"code":400,"message":"${FIRE}","type":"invalid_request_error"}\n\n`,
  ),
  reportedRaw('an error field of plain text', `error: ${FIRE}\n\n`),
  reportedRaw('an error without a blank line', `data: {"error":{"message":"${FIRE}"}}`, ''),
  {
    ...failed(
      'an error before the first chunk',
      'upstream_error',
      text({ error: { message: FIRE } }),
      null,
    ),
    contains: [FIRE],
  },
  failed('finish_reason error', 'upstream_error', OPEN + text(finish('error')) + DONE),
  failed('finish_reason abort', 'engine_aborted', OPEN + text(finish('abort')) + DONE),
  failed('an unknown finish_reason', 'upstream_invalid', OPEN + text(finish('tired')) + DONE),
  failed(
    'a finish_reason that is a number',
    'upstream_invalid',
    OPEN + text(chunk({}, { finish_reason: 0 as never })) + DONE,
  ),
  failed(
    'broken JSON',
    'upstream_invalid',
    `${OPEN}data: {"id":"chatcmpl-odd","choices":[{\n\n${text(STOP)}${DONE}`,
  ),
  failed('plain text', 'upstream_invalid', `${OPEN}data: Internal Server Error\n\n${DONE}`),
  failed('JSON that is no object', 'upstream_invalid', `${OPEN}data: 42\n\n${text(STOP)}${DONE}`),
  failed('a list', 'upstream_invalid', `${OPEN}data: []\n\n${text(STOP)}${DONE}`),
  failed(
    'an object without choices',
    'upstream_invalid',
    OPEN + text({ id: 'chatcmpl-odd' }, STOP) + DONE,
  ),
  failed(
    'a lone quote inside a token',
    'upstream_invalid',
    OPEN + text(chunk({ content: 'QQ' })).replace('QQ', 'a"b') + text(STOP) + DONE,
  ),
  failed(
    'a control character inside a token',
    'upstream_invalid',
    OPEN + text(chunk({ content: 'QQ' })).replace('QQ', 'a\u0000b') + text(STOP) + DONE,
  ),
  failed(
    'an escape that JSON does not know',
    'upstream_invalid',
    OPEN + text(chunk({ content: 'QQ' })).replace('QQ', 'a\\xb') + text(STOP) + DONE,
  ),
  failed(
    'two objects in one event',
    'upstream_invalid',
    OPEN + text(chunk({ content: 'a' })).trimEnd() + text(chunk({ content: 'b' })).slice(6) + DONE,
  ),
  failed(
    'content that is a number',
    'upstream_invalid',
    OPEN + text(chunk({ content: 7 }), STOP) + DONE,
  ),
  failed(
    'content after the finish',
    'upstream_invalid',
    text(ROLE, ...WORDS, STOP, chunk({ content: 'more' })) + DONE,
  ),
  ...Object.entries(NOT_UTF8).map(([kind, base64]) => notUtf8(kind, base64)),
]

function failed(name: string, code: FailureCode, sent: string, seen: string | null = TEXT): Oddity {
  return { name, script: raw(sent), expect: 'failed', code, ...(seen !== null && { text: seen }) }
}

/** An error in the middle, and then `[DONE]`, as if nothing had happened. */
function reportedRaw(name: string, sent: string, after = DONE): Oddity {
  return { ...failed(name, 'upstream_error', OPEN + sent + after), contains: [FIRE] }
}

function reported(name: string, data: object): Oddity {
  return reportedRaw(name, text(data))
}

function notUtf8(kind: string, base64: string): Oddity {
  const [before = '', after = ''] = text(chunk({ content: 'QQ' })).split('QQ')
  const script: Script = {
    steps: [{ send: OPEN + before }, { base64 }, { send: after + text(STOP) + DONE }],
  }
  return {
    name: `invalid UTF-8: ${kind}`,
    script,
    expect: 'failed',
    code: 'upstream_invalid',
    text: TEXT,
  }
}
