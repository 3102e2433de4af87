/**
 * Requests of megabytes through a handler, in one process and with an upstream that answers at once:
 * `RUNTIME bench/measure/large.ts ROUNDS DIR...` prints the CPU milliseconds for each MB of every kind of
 * request, as a JSON array for each checkout. The checkouts take turns, so that what disturbs the machine
 * disturbs all of them.
 */
import process from 'node:process'
import { pathToFileURL } from 'node:url'
import type { createHostedHandler } from '../../src/handler.ts'
import type { piecesOf as piecesOfInit } from '../../src/platform/body-pieces.ts'
import type { Fetch, Fetched } from '../../src/platform/fetch.ts'
import { joinSmall } from '../../src/util/bytes.ts'
import { type LargeKind, largeRequests } from '../large-requests.ts'

type Create = typeof createHostedHandler
/** Not in every checkout. */
type PiecesOf = typeof piecesOfInit
type Target = Pick<ReturnType<Create>, 'fetch'>

const encoder = new TextEncoder()
const chunk = {
  ...{ id: 'chatcmpl-b', object: 'chat.completion.chunk', created: 1_790_000_000, model: 'm' },
  choices: [{ index: 0, delta: { content: 'word' }, finish_reason: 'stop' }],
}
const answers = {
  chat: `data: ${JSON.stringify(chunk)}\n\ndata: [DONE]\n\n`,
  messages: [
    ['message_start', { message: { id: 'm', type: 'message', role: 'assistant', model: 'm' } }],
    ['message_stop', {}],
  ]
    .map(([type, data]) => {
      return `event: ${type}\ndata: ${JSON.stringify({ type, ...(data as object) })}\n\n`
    })
    .join(''),
}

/** The bytes of the last request. */
let sent = 0

/** Encodes and joins what has to be, as a `fetch` over sockets does. */
const answerAtOnce =
  (piecesOf: PiecesOf | undefined): Fetch =>
  async (url, init) => {
    const pieces = piecesOf?.(init)
    const body = pieces === undefined ? init.body : joinSmall([...pieces])
    if (body === undefined) return fetched(Response.json({ data: [{ id: 'm', object: 'model' }] }))
    if (Array.isArray(body)) sent = body.reduce((sum, { length }) => sum + length, 0)
    else sent = (typeof body === 'string' ? encoder.encode(body) : body).length
    const answer = url.endsWith('/messages') ? answers.messages : answers.chat
    return fetched(new Response(answer, { headers: { 'content-type': 'text/event-stream' } }))
  }

function fetched({ status, ok, headers, body }: Response): Fetched {
  return { status, ok, headers, body } as Fetched
}

async function targetOf(folder: string): Promise<Target> {
  const source = pathToFileURL(`${folder}/src/`).href
  const { createHostedHandler } = (await import(`${source}handler.ts`)) as {
    createHostedHandler: Create
  }
  const { piecesOf } = (await import(`${source}platform/body-pieces.ts`).catch(() => ({}))) as {
    piecesOf?: PiecesOf
  }
  return createHostedHandler(
    {
      upstream: [{ label: 'gpu', url: 'http://127.0.0.1:9/v1', nativeApis: ['messages'] }],
      ...{ discover: false, heartbeat: 60_000 },
    },
    { exposure: 'machine', fetch: answerAtOnce(piecesOf) },
  )
}

/** Bytes that a socket delivers at once. */
const PACKET = 65_536

/** A request as hosts hand it over: its body comes in packets. */
function requestOf({ path, body }: LargeKind): Request {
  const headers = new Headers({
    ...{ host: 'localhost', 'content-type': 'application/json' },
    'content-length': `${body.length}`,
  })
  let at = 0
  const reader = {
    async read() {
      if (at >= body.length) return { done: true }
      const value = body.subarray(at, at + PACKET)
      at += PACKET
      return { done: false, value }
    },
    async cancel() {},
  }
  const { signal } = new AbortController()
  const arrayBuffer = async () => body.slice().buffer
  const read = { body: { getReader: () => reader }, arrayBuffer }
  const request = { url: `http://localhost${path}`, method: 'POST', headers, signal, ...read }
  return request as unknown as Request
}

async function answerOnce({ fetch }: Target, kind: LargeKind): Promise<void> {
  sent = 0
  const response = await fetch(requestOf(kind))
  const text = await response.text()
  if (response.status !== 200 || sent < kind.body.length / 2) {
    throw new Error(`expected an answer, got ${response.status} ${text.slice(0, 500)}`)
  }
}

/** CPU milliseconds for each MB. */
async function costOf(target: Target, kind: LargeKind, times: number): Promise<number> {
  const before = process.cpuUsage()
  for (let time = 0; time < times; time++) await answerOnce(target, kind)
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1e3 / ((times * kind.body.length) / 1e6)
}

const [rounds = '20', ...folders] = process.argv.slice(2)
const targets = await Promise.all(folders.map(targetOf))
const costs: Record<string, number[][]> = {}
for (const kind of largeRequests()) {
  const all: number[][] = targets.map(() => [])
  costs[kind.name] = all
  // At least 2 MB at a time, so that the clock of the CPU is fine enough.
  const times = Math.ceil(2e6 / kind.body.length)
  for (let round = -5; round < Number(rounds); round++) {
    for (const turn of targets.keys()) {
      const at = (turn + Math.abs(round)) % targets.length
      const cost = await costOf(targets[at] as Target, kind, times)
      if (round >= 0) all[at]?.push(cost)
    }
  }
}
console.log(JSON.stringify(costs))
process.exit(0)
