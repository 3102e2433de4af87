import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openClient } from '../support/client.ts'
import { type ManagerName, type ManagerOptions, startManager } from '../support/managers.ts'
import { postChat, readStream, type StreamRead } from '../support/read.ts'
import { errorOf, logOf } from '../support/relay.ts'
import { type HostName, startServer } from '../support/server.ts'

const KINDS: ManagerName[] = ['llama-server', 'llama-swap', 'lm-studio', 'ollama']

/** The path that tells which models are loaded. */
const PATHS: Record<ManagerName, string> = {
  'llama-server': '/v1/models',
  'llama-swap': '/running',
  'lm-studio': '/api/v0/models',
  ollama: '/api/ps',
}

const FLAGS = ['--header-wait', '100ms', '--heartbeat', '200ms']

/** sluice in front of a server that loads models on demand, which has listed them once. */
async function start(
  host: HostName,
  kind: ManagerName,
  options: Partial<ManagerOptions> = {},
  flags: string[] = [],
) {
  const manager = await startManager(kind, { models: ['m', 'other'], ...options })
  const server = await startServer(host, ['--upstream', `gpu=${manager.url}`, ...FLAGS, ...flags])
  // On workerd the list that is printed at the start is asked for apart from any other.
  if (host !== 'in-process') await server.untilStderr('Engines and their models', 20_000)
  await fetch(`${server.base}/models`)
  // The list does not wait for what a busy server says of the sizes of contexts.
  for (let tries = 0; manager.waiting() > 0 && tries < 100; tries++) await sleep(50)
  return {
    manager,
    server,
    async [Symbol.asyncDispose]() {
      await server.kill()
      await manager[Symbol.asyncDispose]()
    },
  }
}

/** One for all tests of a kind: each has a model of its own, which is not loaded at first but `fast`. */
const SHARED: Partial<ManagerOptions> = {
  models: ['fast', 'slow', 'whole', 'broken', 'also-broken', 'shared'],
  loaded: ['fast'],
  failing: { broken: 1, 'also-broken': 1 },
  loadMs: 7_000,
  holdsAll: true,
}

/** Before or after the tests beside it, in a group that runs beside others. */
const IN_TURN = { concurrent: false }

type Started = Awaited<ReturnType<typeof start>>

/** Servers that load models on demand: their loading state, patience with them, failed loads. */
export function managers(host: HostName): void {
  // They wait for most of their time: each kind has a server of its own, and its own order of tests.
  describe.concurrent.each(KINDS)('%s', (kind) => {
    let started: Started
    beforeAll(async () => {
      const flags = ['--answer-timeout', '4s', '--first-token-timeout', '4s']
      started = await start(host, kind, SHARED, flags)
    })
    afterAll(() => started[Symbol.asyncDispose]())

    it('is asked nothing more where the answer comes soon', IN_TURN, () => soon(started))
    describe.concurrent('that loads', () => {
      it('shows it in the stream, for longer than an answer may take', () => slow(started))
      it('is waited for by whole answers alike', () => slowWhole(started))
      it('ends the wait where the load fails', () => failing(started))
      it('is asked once a second for all who wait', () => two(started, kind))
    })
    const options = { ...IN_TURN, tags: ['judges-others'] }
    it('is not asked where nobody waits', options, () => unwatched(started))
  })

  describe.concurrent('a load', () => {
    it('is shown in the streams of every API', () => everyApi(host))
    it('is shown as reasoning where that is set, and never to the model', () => asReasoning(host))
    it('is left alone by a client that leaves', () => leaving(host))
    it('that takes too long ends the wait', () => tooLong(host))
    it('that failed without an answer ends the wait, with the exit code', () => silentFailure(host))
    it('waits for another model to be unloaded', () => unloading(host))
    it('is avoided where another upstream has the model loaded', () => elsewhere(host))
  })
}

/** What is wrong with a stream, except that some of its comments are no pings. */
function problemsBesides({ problems }: StreamRead): string[] {
  return problems.filter((problem) => !/nor a ping: ": (loading|waiting for) /.test(problem))
}

async function soon({ manager, server }: Started): Promise<void> {
  let rounds = 0
  for (let tries = 0; rounds < 3 && tries < 20; tries++) {
    const before = manager.unlisted.length
    const began = performance.now()
    const read = await readStream(await postChat(server.base, { model: 'fast' }))
    expect(read).toMatchObject({ outcome: 'finished', text: 'hello', problems: [] })
    // On a machine that is busy an answer may take the second after which the server is asked.
    if (performance.now() - began > 900) continue
    expect(manager.unlisted.slice(before)).toEqual(['POST /v1/chat/completions'])
    rounds++
  }
  expect(rounds).toBe(3)
}

async function slow({ server }: Started): Promise<void> {
  const response = await postChat(server.base, { model: 'slow' })
  const read = await readStream(response)
  expect(read).toMatchObject({ outcome: 'finished', text: 'hello' })
  expect(problemsBesides(read)).toEqual([])
  expect(read.raw).toMatch(/^: (loading slow( \d+ %)?|waiting for slow: gpu is loading a model)$/m)
  const entry = await logOf(server, response)
  expect(entry).toMatchObject({ outcome: 'finished', engine: 'gpu' })
  expect(entry).not.toHaveProperty('attempts')
}

async function slowWhole({ server }: Started): Promise<void> {
  const response = await postChat(server.base, { model: 'whole', stream: false })
  expect(response.status).toBe(200)
  const text = await response.text()
  expect(text).toContain('hello')
  expect(text).not.toContain('loading')
}

async function failing({ manager, server }: Started): Promise<void> {
  const [whole, read] = await Promise.all([
    postChat(server.base, { model: 'also-broken', stream: false }),
    postChat(server.base, { model: 'broken' }).then((response) => readStream(response)),
  ])
  expect(whole.status).toBe(502)
  expect(await errorOf(whole)).toMatchObject({ code: 'model_load_failed' })
  expect(read).toMatchObject({ outcome: 'failed', error: { code: 'model_load_failed' } })
  // Each request loads it once: to try again would only take long.
  const loads = manager.machine.loads.filter((model) => model.endsWith('broken'))
  expect(loads.toSorted()).toEqual(['also-broken', 'broken'])
  // Nothing is held against the server, which has other models.
  const other = await readStream(await postChat(server.base, { model: 'fast' }))
  expect(other).toMatchObject({ outcome: 'finished', text: 'hello' })
}

async function two({ manager, server }: Started, kind: ManagerName): Promise<void> {
  const before = manager.count(PATHS[kind])
  const began = performance.now()
  const reads = await Promise.all(
    [1, 2, 3].map(async () => readStream(await postChat(server.base, { model: 'shared' }))),
  )
  const seconds = (performance.now() - began) / 1_000
  for (const read of reads) expect(read).toMatchObject({ outcome: 'finished', text: 'hello' })
  // The other tests wait for the same server, and are told by the same questions.
  const asked = manager.count(PATHS[kind]) - before
  expect(asked).toBeGreaterThan(0)
  expect(asked).toBeLessThanOrEqual(Math.ceil(seconds) + 1)
}

async function unwatched({ manager }: Started): Promise<void> {
  // The last question may still be on its way.
  await sleep(1_500)
  const before = manager.requests.length
  await sleep(1_500)
  expect(manager.requests.length).toBe(before)
}

async function everyApi(host: HostName): Promise<void> {
  await using it = await start(host, 'llama-server', { loadMs: 8_000 })
  const { base } = it.server
  const messages = [{ role: 'user', content: 'Go.' }]
  const bodies: [string, object][] = [
    ['chat/completions', { messages }],
    ['completions', { prompt: 'Go.' }],
    ['messages', { messages, max_tokens: 10 }],
    ['responses', { input: 'Go.' }],
  ]
  const raws = await Promise.all(
    bodies.map(async ([path, body]) => {
      const response = await fetch(`${base}/${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ model: 'm', stream: true, ...body }),
      })
      return response.text()
    }),
  )
  for (const raw of raws) expect(raw).toMatch(/^: loading m \d+ %$/m)
  const [, , anthropic, responses] = raws
  expect(anthropic).toMatch(/^: loading m \d+ %\nevent: ping$/m)
  expect(anthropic).toContain('message_stop')
  expect(responses).toMatch(/^: loading m \d+ %\nevent: response.in_progress$/m)
  expect(responses).toContain('response.completed')
}

async function asReasoning(host: HostName): Promise<void> {
  await using it = await start(host, 'llama-server', { loadMs: 7_000 }, [
    '--loading-text',
    'reasoning',
  ])
  const { base } = it.server
  const answering = postChat(base, { model: 'm', stream: false })
  const response = await postChat(base, { model: 'm' })
  const read = await readStream(response)
  // It is one stream to its client: one id, one model, one role first, one finish reason.
  expect(read).toMatchObject({ outcome: 'finished', text: 'hello', problems: [] })
  const deltas = read.chunks.map(({ choices }) => choices?.[0]?.delta.reasoning_content ?? '')
  expect(deltas.join('')).toMatch(/^(\[sluice\] (loading m( \d0 %)?|waiting for m .*)\n){2,}$/)
  const entry = await logOf(it.server, response)
  expect(entry).not.toHaveProperty('repaired')
  expect(entry.tokens).toBe(1)
  expect(await (await answering).text()).not.toContain('sluice')
  const reasoning_content = `${deltas.join('')}The model's own.`
  const messages = [
    { role: 'user', content: 'Go.' },
    { role: 'assistant', content: 'hello', reasoning_content },
    { role: 'user', content: 'On.' },
  ]
  await readStream(await postChat(base, { model: 'm', messages }))
  const sent = it.manager.bodies.at(-1)?.messages?.[1]
  expect(sent).toEqual({ ...messages[1], reasoning_content: "The model's own." })
}

async function leaving(host: HostName): Promise<void> {
  await using it = await start(host, 'llama-server', { loadMs: 3_000 })
  const messages = [{ role: 'user', content: 'Go.' }]
  const client = await openClient(it.server, { model: 'm', stream: true, messages })
  await client.waitFor(': loading m')
  client.hangUp()
  await it.server.nextLog(({ outcome }) => outcome === 'cancelled')
  // The events of the load are read for up to three seconds more.
  await sleep(5_000)
  expect(it.manager.machine.states.get('m')).toBe('loaded')
  expect(it.manager.requests.filter((request) => request.includes('unload'))).toEqual([])
  expect(it.manager.waiting()).toBe(0)
}

async function tooLong(host: HostName): Promise<void> {
  const flags = ['--load-timeout', '1500ms']
  await using it = await start(host, 'llama-server', { loadMs: 20_000 }, flags)
  const began = performance.now()
  const read = await readStream(await postChat(it.server.base, { model: 'm' }))
  expect(read).toMatchObject({ outcome: 'failed', error: { code: 'load_timeout' } })
  expect(read.error?.message).toContain('--load-timeout')
  expect(performance.now() - began).toBeGreaterThan(2_000)
}

async function silentFailure(host: HostName): Promise<void> {
  const options = { loadMs: 5_000, failing: { m: 137 }, hidesFailures: true }
  await using it = await start(host, 'llama-server', options)
  for (const stream of [true, false]) {
    const response = await postChat(it.server.base, { model: 'm', stream })
    expect(await response.text()).toContain(
      'gpu could not load m (its process ended with exit code 137)',
    )
  }
}

async function unloading(host: HostName): Promise<void> {
  const options = { loaded: ['other'], unloadMs: 5_000, loadMs: 5_000 }
  await using it = await start(host, 'llama-swap', options)
  const read = await readStream(await postChat(it.server.base, { model: 'm-alias' }))
  expect(read).toMatchObject({ outcome: 'finished', text: 'hello' })
  expect(problemsBesides(read)).toEqual([])
  expect(read.raw).toMatch(/^: waiting for m-alias: other is being unloaded$/m)
  expect(read.raw).toMatch(/^: loading m-alias$/m)
}

async function elsewhere(host: HostName): Promise<void> {
  await using cold = await startManager('ollama', { models: ['m'], loadMs: 10_000 })
  await using warm = await startManager('lm-studio', { models: ['m'], loaded: ['m'] })
  const upstreams = ['--upstream', `cold=${cold.url}`, '--upstream', `warm=${warm.url}`]
  await using server = await startServer(host, [...upstreams, ...FLAGS])
  await fetch(`${server.base}/models`)
  for (const body of [{ model: 'm' }, { model: '' }]) {
    const reads = await Promise.all(
      [1, 2, 3].map(async () => readStream(await postChat(server.base, body))),
    )
    for (const read of reads) expect(read).toMatchObject({ outcome: 'finished', text: 'hello' })
  }
  expect(cold.count('/v1/chat/completions')).toBe(0)
  const health = (await (await fetch(`${server.url}/health`)).json()) as { models: object[] }
  expect(health.models).toContainEqual({ id: 'm', ready: true, loaded: true })
}
