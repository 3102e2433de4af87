/** Attacks by what a request says. */
import { type Attack, attack, chat, raw, type Scene, send } from './attack.ts'

/** Header values that a runtime's own client may refuse to send on. */
const ODD = ['\xe9', '\x01', '\x7f', 'a\tb', '\x80\xff', 'x'.repeat(4_000)]

async function oddHeaders(scene: Scene): Promise<void> {
  const { random } = scene
  const names = ['anthropic-version', 'anthropic-beta', 'openai-beta', 'user-agent', 'x-request-id']
  const path = random.pick(['/v1/messages/count_tokens', '/v1/messages', '/v1/chat/completions'])
  const head = `POST ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n`
  const body = JSON.stringify(chat('Go.', { max_tokens: 5, stream: false }))
  const value = random.pick(ODD)
  const key = `authorization: Bearer ${scene.secret('rude-0')}\r\ncontent-type: application/json\r\n`
  const text = `${head}${key}${random.pick(names)}: ${value}\r\ncontent-length: ${body.length}\r\n\r\n${body}`
  await raw(scene, Buffer.from(text, 'latin1'))
}

/** `text` over and over, until the body has `bytes`. */
function filled(open: string, text: string, close: string, bytes: number): Buffer {
  const size = open.length + close.length
  return Buffer.from(open + text.repeat(Math.floor((bytes - size) / text.length)) + close)
}

const MANY_ARRAYS = filled('{"model":"good","messages":[', '[],', '[]]}', 18_000_000)
const MANY_OBJECTS = filled('{"model":"good","messages":[', '{},', '{}]}', 6_000_000)
const MANY_BIASES = Buffer.from(
  JSON.stringify(chat('Go.')).replace(
    /\}$/,
    `,"logit_bias":{${Array.from({ length: 1_000_000 }, (_, at) => `"${at}":1`).join()}}}`,
  ),
)

async function bigBody(scene: Scene): Promise<void> {
  const body = scene.random.pick([MANY_ARRAYS, MANY_OBJECTS, MANY_BIASES])
  const { status, text } = await send(scene, { key: scene.random.pick(['rude-0', 'rude-1']), body })
  if (status === 200)
    scene.violation(`a body of ${body.length} bytes was accepted: ${text.slice(0, 200)}`)
}

async function otherModel(scene: Scene): Promise<void> {
  const long = 'overflow '.repeat(50)
  const body = scene.random.pick([
    chat(long, { model: 'small' }),
    chat('Go.', { model: 'big' }),
    chat('Go.', { model: 'alias-of-big' }),
    chat('Go.', { model: undefined }),
    chat(long, { model: 'small', models: ['big'], fallbacks: ['big'] }),
    chat('Go.', { model: ' big' }),
  ])
  const path = scene.random.pick(['/v1/chat/completions', '/v1/messages', '/v1/completions'])
  const { status, text } = await send(scene, {
    key: 'small-only',
    path,
    body: { ...body, max_tokens: 5, prompt: path.endsWith('/v1/completions') ? long : undefined },
  })
  if (status === 200 && /"model":"(big|good)"/.test(text))
    scene.violation(`a key of "small" got another model: ${JSON.stringify(body)}`)
}

/** More than a minute's tokens of a key, taken in ways that once were not counted. */
async function freeTokens(scene: Scene): Promise<void> {
  const { random } = scene
  const image = {
    type: 'image_url',
    image_url: { url: `data:image/png;base64,${'A'.repeat(40_000)}` },
  }
  const body = random.pick([
    chat(`data:${'word '.repeat(2_000)}`),
    chat('Go.', { max_tokens: 1e9 }),
    chat('Go.', { max_tokens: -5 }),
    chat('Go.', { messages: [{ role: 'user', content: [image] }] }),
    { model: 'good', max_tokens: 32_000, messages: [{ role: 'user', content: 'Go.' }] },
  ])
  const { text } = await send(scene, { key: 'limited', body })
  if (/x-ratelimit-[\w-]+: *(NaN|-|Infinity)/i.test(text))
    scene.violation(`a limit that is no number: ${text.slice(0, 600)}`)
}

const DUPLICATES = [
  '{"model":"small","model":"big","messages":[{"role":"user","content":"Go."}]}',
  '{"messages":[],"messages":[{"role":"user","content":"Go."}],"model":"good"}',
  '{"model":"good","Model":"big","messages":[{"role":"user","content":"Go."}]}',
  '{"__proto__":{"model":"big"},"model":"good","messages":[{"role":"user","content":"Go."}]}',
  '{"model":"good","messages":[{"role":"user","content":"Go.","constructor":{"x":1}}]}',
  `{"messages":${'['.repeat(5_000)}${']'.repeat(5_000)}}`,
  `{"model":"good","seed":${'9'.repeat(4_000)},"messages":[]}`,
  '\ufeff{"model":"good","messages":"\\ud800"}',
  '{"model":"good","messages":[{"role":"user","content":"\\u0000\\u001b[2J"}]}',
  '{"model":1e999}',
]

async function duplicates(scene: Scene): Promise<void> {
  const path = scene.random.pick(['/v1/chat/completions', '/v1/responses', '/v1/messages'])
  await send(scene, { key: 'rude-2', path, body: scene.random.pick(DUPLICATES) })
}

async function wrongNames(scene: Scene): Promise<void> {
  const { random } = scene
  const model = random.pick([
    'hostile-x'.padEnd(110, 'y'),
    'x'.repeat(random.between(1_000, 60_000)),
    '\u001b[31m狐\u202e'.repeat(20),
    'good\n{"time":"forged"}',
    '../../health',
  ])
  if (random.next() < 0.3) {
    const path = `/v1/models/${encodeURIComponent(model.slice(0, 2_000))}`
    return void (await send(scene, { key: 'rude-1', path }))
  }
  const { status } = await send(scene, { key: 'rude-1', body: chat('Go.', { model }) })
  if (status === 200) scene.violation(`a model of no name was served: ${model.slice(0, 100)}`)
}

async function hostTricks(scene: Scene): Promise<void> {
  const { random } = scene
  const trick = random.pick<Record<string, string | undefined>>([
    { host: 'evil.example' },
    { host: '127.0.0.1.evil.example' },
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { origin: 'http://localhost.evil.example' },
    { host: 'localhost@evil.example' },
    { 'content-type': 'text/plain' },
    { 'content-type': 'application/x-www-form-urlencoded' },
    { authorization: 'Bearer wrong' },
    { authorization: undefined },
    { authorization: 'Basic YTpi' },
    { 'x-forwarded-host': 'evil.example', authorization: undefined },
  ])
  const sent = { headers: trick, body: chat('Go.'), key: 'rude-0' } as const
  const { status } = await send(scene, sent)
  if (status === 200) scene.violation(`a trick got an answer: ${JSON.stringify(trick)}`)
}

/** Looks where only an admin may, or only the owner of a response. */
async function lookAround(scene: Scene): Promise<void> {
  const { random } = scene
  const path = random.pick([
    '/health',
    '/health/ready',
    '/status',
    '/metrics',
    `/v1/responses/resp_${random.between(1, 1e9)}`,
    '/v1/models?limit=-1',
    '/../../etc/passwd',
    '/%2e%2e/%2e%2e/etc/passwd',
  ])
  const key = random.next() < 0.5 ? ('rude-0' as const) : undefined
  const method = random.pick(['GET', 'GET', 'HEAD', 'OPTIONS', 'DELETE'])
  const { text } = await send(scene, { path, method, ...(key && { key }) })
  if (/"engines"|"waiting"|root:/.test(text))
    scene.violation(`${path} told an ordinary key: ${text.slice(0, 500)}`)
}

export const REQUEST_ATTACKS: readonly Attack[] = [
  attack('request-headers', 'odd bytes in headers, on count_tokens and others', 5, 10, oddHeaders),
  attack('large-bodies', 'bodies of 18 MB that hold millions of values', 0.25, 3, bigBody),
  attack(
    'model-access',
    'other models than those of the key, through fallbacks',
    5,
    10,
    otherModel,
  ),
  attack('token-limits', 'token limits: data: texts, max_tokens, images', 3, 10, freeTokens),
  attack('names', 'long and strange names of models', 4, 10, wrongNames),
  attack('duplicates', 'duplicate keys, deep nesting, long numbers', 5, 10, duplicates),
  attack('roles', 'what only an admin or an owner may see', 4, 10, lookAround),
  attack('hosts', 'foreign hosts, origins, types and keys', 8, 10, hostTricks),
]
