/** Attacks by how a client uses its connection, and by how much of the server it takes. */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { CLIENT_FAULTS } from '../../faults/client-faults.ts'
import { speak } from '../../faults/speak.ts'
import { rawRequest } from '../../support/raw.ts'
import { token } from '../../support/talk.ts'
import { type Attack, attack, chat, destroyWith, raw, type Scene, send } from './attack.ts'

/** Asks, and leaves: at once, after a moment, or after the first token. */
async function abort(scene: Scene): Promise<void> {
  const { random, signal, port } = scene
  const id = `${randomUUID()}-${random.next() < 0.5 ? 'silent' : 'told'}`
  const authorization = `Bearer ${scene.secret(random.pick(['rude-0', 'rude-1', 'rude-2']))}`
  const body = chat(`abort=${id}`)
  const response = await rawRequest({ port, headers: { authorization }, body })
  destroyWith(signal, response.socket)
  await Promise.race([sleep(random.between(0, 150)), response.closed])
  scene.count(response.status() ?? 'left')
  scene.left(id)
  response.hangUp(random.next() < 0.5 ? 'close' : 'reset')
}

/** Asks for more than it reads. */
async function readSlowly(scene: Scene): Promise<void> {
  const { port, signal, random } = scene
  const authorization = `Bearer ${scene.secret(random.pick(['rude-0', 'rude-1']))}`
  const steps = [{ flood: { text: token('flood '.repeat(20)), bytes: 40_000_000 } }]
  const body = chat('Go.', { model: 'hostile', script: { steps } })
  const response = await rawRequest({ port, headers: { authorization }, body })
  response.pause()
  destroyWith(signal, response.socket)
  await Promise.race([response.closed, sleep(8_000)])
  scene.count('left')
  response.hangUp('reset')
}

async function writeSlowly(scene: Scene): Promise<void> {
  const { random } = scene
  const key = random.pick(['rude-0', 'rude-2'] as const)
  const every = random.between(20, 80)
  await send(scene, { key, body: chat('slow'), slowly: { bytes: 1, every } })
}

async function clientFaults(scene: Scene): Promise<void> {
  const fault = scene.random.pick(CLIENT_FAULTS)
  const { statuses, text } = await speak(scene.port, fault.words)
  scene.count(statuses.join() || 'none')
  if (statuses.includes(500)) scene.violation(`"${fault.name}" got ${text.slice(0, 300)}`)
}

function posted(scene: Scene, headers = ''): string {
  const body = JSON.stringify(chat('Go.'))
  const key = `authorization: Bearer ${scene.secret('rude-1')}\r\n`
  return `POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\n${key}content-type: application/json\r\ncontent-length: ${body.length}\r\n${headers}\r\n${body}`
}

async function pipeline(scene: Scene): Promise<void> {
  const get = 'GET /health HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n'
  const last = posted(scene, 'connection: close\r\n')
  const before = scene.random.pick([get, posted(scene), get + posted(scene)])
  await raw(scene, Buffer.from(before.repeat(scene.random.between(1, 8)) + last))
}

const FRAMINGS = [
  '5\nhello\n0\n\n',
  '5\r{"a":\r0\r\r',
  'fffffffff\r\n{}',
  '2;x=\n\r\n{}\r\n0\r\n\r\n',
  '2\r\n{}\r\n0\r\ntrailer: \xe9\x00\r\n\r\n',
]

async function framing(scene: Scene): Promise<void> {
  const key = `authorization: Bearer ${scene.secret('rude-2')}\r\n`
  const head = `POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\n${key}content-type: application/json\r\n`
  const body = scene.random.pick(FRAMINGS)
  const text = scene.random.pick([
    `${head}transfer-encoding: chunked\r\nconnection: close\r\n\r\n${body}`,
    `${head}transfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n${body}`,
    `${head.replaceAll('\r\n', '\n')}content-length: 2\n\n{}`,
    `${head}content-length: +2\r\n\r\n{}`,
  ])
  await raw(scene, Buffer.from(text, 'latin1'))
}

async function halfClose(scene: Scene): Promise<void> {
  const heard = await speak(scene.port, [posted(scene), { end: true }])
  scene.count(heard.statuses.join() || 'none')
}

/** One key stores all it can, and asks for more responses in the background than there is room for. */
async function store(scene: Scene): Promise<void> {
  const background = scene.random.next() < 0.3
  const input = background ? `held=${randomUUID()}` : 'x'.repeat(20_000)
  const body = { model: 'good', input, store: true, background }
  await send(scene, { key: 'storing', path: '/v1/responses', body })
}

export const CONNECTION_ATTACKS: readonly Attack[] = [
  attack(
    'stored-shares',
    'one key that fills stored responses and background places',
    6,
    10,
    store,
  ),
  attack('hang-ups', 'clients that leave, hundreds a second', 200, 60, abort),
  attack('readers', 'clients that ask for 40 MB and read nothing', 0.5, 6, readSlowly),
  attack('writers', 'requests that arrive byte by byte', 2, 30, writeSlowly),
  attack('clients', 'broken HTTP of clients', 3, 60, clientFaults),
  attack('half-close', 'clients that close their half after the request', 2, 30, halfClose),
  attack('pipelining', 'several requests at once on one connection', 2, 10, pipeline),
  attack('chunks', 'bare LF and CR and other lies in the framing of a request', 3, 20, framing),
]
