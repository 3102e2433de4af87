/** Attacks by what an upstream of the attacker's says, or by what it makes the shared one say. */
import { UPSTREAM_FAULTS } from '../../faults/upstream-faults.ts'
import type { Script } from '../../support/script.ts'
import { token } from '../../support/talk.ts'
import { type Attack, attack, chat, type Scene, send } from './attack.ts'

async function play(scene: Scene, script: Script, stream = true): Promise<string> {
  const key = scene.random.pick(['rude-0', 'rude-1', 'rude-2'] as const)
  const body = chat('Go.', { model: 'hostile', stream, script })
  return (await send(scene, { key, body })).text
}

function instead(text: string): Script {
  const then = 'cut'
  return { instead: { text, then, encoding: 'latin1' }, steps: [] }
}

const OK = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n'

/** A header of the upstream's with bytes that some runtime refuses to write. */
async function oddHeaders(scene: Scene): Promise<void> {
  const { random } = scene
  const name = random.pick(['retry-after', 'openai-processing-ms', 'x-request-id', 'content-type'])
  const value = random.pick(['\x01', '\xe9', '\x80', 'a\x00b', '7\x0b', 'x'.repeat(10_000)])
  const status = random.pick(['429 Too Many', '200 OK', '503 Busy', '400 Bad'])
  await play(
    scene,
    instead(`HTTP/1.1 ${status}\r\n${name}: ${value}\r\ncontent-length: 2\r\n\r\n{}`),
  )
}

const chunked = `${OK}transfer-encoding: chunked\r\n\r\n`
const FRAMINGS = [
  `${chunked}5\nhello\n0\n\n`,
  `${chunked}5\rhello\r0\r\r`,
  `${chunked}5;a\nb\r\nhello\r\n0\r\n\r\n`,
  `${chunked}-5\r\nhello\r\n0\r\n\r\n`,
  `${chunked}FFFFFFFFFFFFFFFFF\r\nhello`,
  `${OK}content-length: 5\r\ncontent-length: 9\r\n\r\nhello`,
  `${OK}content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
  `${OK.replaceAll('\r\n', '\n')}\ndata: [DONE]\n\n`,
  'HTTP/1.1 200 OK\r\n: empty\r\n\r\n',
  'HTTP/1.1 101 Switching Protocols\r\n\r\n',
  'HTTP/1.1 100 Continue\r\n\r\n'.repeat(200),
  'HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\n\r\n',
]

async function framing(scene: Scene): Promise<void> {
  await play(scene, instead(scene.random.pick(FRAMINGS)))
}

/** Usage that no engine can have counted. */
const LIES = [
  { total_tokens: 'lots', prompt_tokens: 'x', completion_tokens: null },
  { total_tokens: -1e6, prompt_tokens: -1e6, completion_tokens: -1e6 },
  { total_tokens: 1e308, prompt_tokens: 1e308, completion_tokens: 1e308 },
  { total_tokens: [], prompt_tokens: {}, completion_tokens: '__proto__' },
  'free',
]

async function lies(scene: Scene): Promise<void> {
  const usage = scene.random.pick(LIES)
  const choices = [{ index: 0, delta: {}, finish_reason: 'stop' }]
  const head = { id: 'a', object: 'chat.completion.chunk', created: 1, model: 'hostile' }
  const steps = [
    { send: token('Hello') },
    { chunk: { ...head, choices } },
    { chunk: { ...head, choices: [], usage } },
    { send: 'data: [DONE]\n\n' },
  ]
  const body = chat('Go.', { model: 'hostile', script: { steps } })
  const { text } = await send(scene, { key: 'limited', body })
  if (/NaN|Infinity/.test(text)) scene.violation(`a count that is no number: ${text.slice(0, 600)}`)
}

const PAGES = ['<', '<a ', '<!--', '&', '<<div>', ' ', '</'].map((text) =>
  text.repeat(65_000 / text.length),
)

async function errorPage(scene: Scene): Promise<void> {
  const page = scene.random.pick(PAGES)
  const type = scene.random.pick(['text/html', 'text/plain', 'application/json'])
  const headers = { 'content-type': type }
  const status = scene.random.pick([500, 404, 502, 400])
  await play(scene, { status, headers, steps: [{ send: page }] }, scene.random.next() < 0.5)
}

/** Several keys at once make the shared upstream answer 500, so that its breaker might open for all. */
async function poison(scene: Scene): Promise<void> {
  const keys = ['rude-0', 'rude-1', 'rude-2'] as const
  const each = keys.slice(0, scene.random.between(1, keys.length))
  const body = chat('poison', { stream: scene.random.next() < 0.5 })
  await Promise.all(each.map((key) => send(scene, { key, body })))
}

/** Every fault of an upstream that is known, except the slowest. */
async function faults(scene: Scene): Promise<void> {
  const { script, stream = true } = scene.random.pick(UPSTREAM_FAULTS)
  await play(scene, script, stream)
}

export const UPSTREAM_ATTACKS: readonly Attack[] = [
  attack(
    'upstream-headers',
    'headers of an upstream with control and other bytes',
    3,
    10,
    oddHeaders,
  ),
  attack('framing', 'bare LF and CR and other lies in the framing of an upstream', 4, 10, framing),
  attack('usage', 'usage of an upstream that is not a valid count', 3, 10, lies),
  attack('error-pages', 'error pages of 65 kB of an upstream', 2, 5, errorPage),
  attack(
    'breaker',
    'prompts that make the shared upstream answer 500, by several keys',
    1,
    5,
    poison,
  ),
  attack('upstreams', 'upstreams that cut, hang, drip, flood and send garbage', 2, 30, faults),
]
