import { afterEach, describe, expect, it } from 'vitest'
import { defineEngine } from '../../../../src/engines/custom/define-engine.ts'
import { createHandler, type Handler } from '../../../../src/handler.ts'
import { memoryRunLog } from '../../../../src/state/memory-run-log.ts'
import type { RunLog } from '../../../../src/state/run-log.ts'
import { randomFrom, readEvents } from '../../../support/resuming.ts'

const waiting = new Set<() => void>()

/** Answers with words, each when it is asked to go on, or at once. */
const engine = defineEngine({
  label: 'engine',
  models: ['m'],
  async *chat({ messages }, { signal }) {
    const [count, pause] = String(messages.at(-1)?.content).split(' ')
    for (let n = 0; n < Number(count); n++) {
      if (pause === 'wait') {
        await new Promise<void>((resolve, reject) => {
          waiting.add(resolve)
          signal.addEventListener('abort', () => reject(signal.reason))
        })
      } else await new Promise((resolve) => setTimeout(resolve, Number(pause ?? 0)))
      yield `word${n} é€😀 `
    }
  },
})

const handlers: Handler[] = []
const logged: { outcome?: string; code?: string }[] = []

afterEach(async () => {
  for (const handler of handlers.splice(0)) await handler.drain(0)
  logged.length = 0
})

type Options = Parameters<typeof createHandler>[0]

function start(options: Options = {}) {
  const handler = createHandler({
    engines: [engine],
    headerWait: 20,
    authenticate: ({ headers }) => ({
      name: headers.get('x-user') ?? 'ann',
      resumable: headers.get('x-user') === 'eve',
    }),
    log: (entry) => logged.push(entry),
    ...options,
  })
  handlers.push(handler)
  const send = (path: string, init: RequestInit & { user?: string } = {}) => {
    const { user = 'ann', headers, ...rest } = init
    const all = { 'x-user': user, ...(headers as Record<string, string>) }
    return handler.fetch(new Request(`http://sluice.example${path}`, { ...rest, headers: all }))
  }
  const ask = (
    content: string,
    init: { user?: string; headers?: object; signal?: AbortSignal } = {},
  ) =>
    send('/v1/chat/completions', {
      method: 'POST',
      ...init,
      headers: { 'content-type': 'application/json', 'x-sluice-resume': '1', ...init.headers },
      body: JSON.stringify({ model: 'm', stream: true, messages: [{ role: 'user', content }] }),
    })
  const path = (response: Response) => response.headers.get('x-sluice-resume') ?? 'none'
  return { handler, send, ask, path }
}

describe('a stream that can be resumed', () => {
  it('is its owner’s alone', async () => {
    const { send, ask, path } = start()
    const at = path(await ask('3'))
    for (const [method, end] of [
      ['GET', ''],
      ['DELETE', ''],
      ['POST', '/stop'],
    ] as const) {
      const foreign = await send(at + end, { method, user: 'bob' })
      expect(foreign.status).toBe(404)
      expect(await foreign.json()).toMatchObject({ error: { code: 'stream_not_found' } })
    }
    expect((await readEvents(await send(at))).events.at(-1)).toContain('[DONE]')
  })

  it('is each stream of a key that says so, without numbers', async () => {
    const { send, ask, path } = start()
    const response = await ask('2', { user: 'eve', headers: { 'x-sluice-resume': '0' } })
    const { events } = await readEvents(response)
    expect(events[0]).toMatch(/^data: /)
    const rest = await send(`${path(response)}?starting_after=0`, { user: 'eve' })
    expect((await readEvents(rest)).events).toEqual(events.slice(1))
    const plain = await ask('2', { headers: { 'x-sluice-resume': '0' } })
    expect(path(plain)).toBe('none')
  })

  it('is an ordinary one where no place is left for it', async () => {
    const { ask, path, send } = start({ maxResumable: 2 })
    const first = await ask('1 wait')
    expect(path(first)).toMatch(/strm_/)
    // One of two is free, and this caller has one.
    const second = await ask('1 wait')
    expect(path(second)).toBe('none')
    expect(path(await ask('1 wait', { user: 'bob' }))).toMatch(/strm_/)
    await send(path(first), { method: 'DELETE' })
    await second.body?.cancel()
  })

  it('is cancelled by a disconnect before its address was sent, and not after', async () => {
    const { ask, send, path } = start({ headerWait: 10_000 })
    const leaving = new AbortController()
    const asking = ask('1 wait', { signal: leaving.signal })
    setTimeout(() => leaving.abort(), 50)
    expect((await asking).status).toBe(499)
    expect(logged.at(-1)).toMatchObject({ outcome: 'cancelled' })
    const later = new AbortController()
    const response = await ask('5 5', { signal: later.signal })
    await readEvents(response, 1)
    later.abort()
    expect((await readEvents(await send(path(response)))).events.at(-1)).toContain('[DONE]')
    expect(logged.some(({ outcome }) => outcome === 'finished')).toBe(true)
  })

  it('tells that events are lost, where the log is too short', async () => {
    const long = defineEngine({
      label: 'long',
      models: ['m'],
      async *chat() {
        for (let n = 0; n < 60; n++) yield 'x'.repeat(100_000)
      },
    })
    const { ask, send, path } = start({ engines: [long] })
    const response = await ask('')
    await response.body?.cancel()
    await expect.poll(() => logged.some(({ outcome }) => outcome === 'finished')).toBe(true)
    const lost = await send(path(response))
    expect(lost.status).toBe(410)
    expect(await lost.json()).toMatchObject({ error: { code: 'events_lost' } })
  })

  it('comes once, whoever reads it where and when: each event, at two instances', async () => {
    const runs = memoryRunLog({ lease: 2_000 })
    const [a, b] = [start({ state: { runs } }), start({ state: { runs } })]
    const random = randomFrom(7)
    const response = await a.ask('60 2')
    const whole = b.send(a.path(response)).then((answer) => readEvents(answer))
    const assembled: string[] = []
    let part = await readEvents(response, 3)
    assembled.push(...part.events)
    while (!part.isOver) {
      const { send } = random() < 0.5 ? a : b
      const next = await send(`${a.path(response)}?starting_after=${assembled.length - 1}`)
      part = await readEvents(next, 1 + Math.floor(random() * 9))
      assembled.push(...part.events)
    }
    expect(assembled).toEqual((await whole).events)
    expect(assembled.join('').match(/word/g)).toHaveLength(60)
    expect(assembled.map((each) => Number(/^id: (\d+)\n/.exec(each)?.[1]))).toEqual([
      ...assembled.keys(),
    ])
  })

  it('heals a shared log that fails, forgets or is late, and holds nobody up', async () => {
    const shared = memoryRunLog({ lease: 2_000 })
    let isAway = true
    const failing = new Proxy(shared, {
      get: (target, name: keyof RunLog) =>
        name === 'watch' || !isAway
          ? target[name].bind(target)
          : () => Promise.reject(new Error('away')),
    })
    const [a, b] = [start({ state: { runs: failing } }), start({ state: { runs: shared } })]
    const response = await a.ask('40 5')
    const live = await readEvents(response, 5)
    expect(live.events).toHaveLength(5)
    expect((await b.send(`/v1/streams/strm_${'0'.repeat(32)}`)).status).toBe(404)
    isAway = false
    const rest = await readEvents(await a.send(`${a.path(response)}?starting_after=4`))
    await expect.poll(async () => (await b.send(a.path(response))).status).toBe(200)
    const elsewhere = await readEvents(await b.send(a.path(response)))
    expect([...live.events, ...rest.events]).toEqual(elsewhere.events)
  })

  it('stops when another instance says so, and ends with its reason everywhere', async () => {
    const runs = memoryRunLog({ lease: 2_000 })
    const [a, b] = [start({ state: { runs } }), start({ state: { runs } })]
    const response = await a.ask('1 wait')
    const reading = readEvents(response)
    const answer = await b.send(a.path(response), { method: 'DELETE' })
    expect(await answer.json()).toMatchObject({ object: 'stream' })
    expect((await reading).events.at(-1)).toContain('"stream_stopped"')
    expect(logged.findLast(({ code }) => code === 'stream_stopped')).toMatchObject({
      outcome: 'cancelled',
    })
    const { events } = await readEvents(await b.send(a.path(response)))
    expect(events.at(-1)).toContain('"stream_stopped"')
  })

  it('is handed over when its instance drains, and goes on there', async () => {
    const runs = memoryRunLog({ lease: 2_000 })
    const [a, b] = [start({ state: { runs } }), start({ state: { runs } })]
    const response = await a.ask('30 10')
    const reading = response.text()
    const draining = a.handler.drain(5_000)
    const text = await reading
    expect(text).toMatch(/retry: 1000\n\n$/)
    expect(text).not.toContain('[DONE]')
    const { events } = await readEvents(await b.send(a.path(response)))
    expect(events.at(-1)).toContain('[DONE]')
    await draining
  })

  it('ends with the reason where the grace of its instance is over, in the log too', async () => {
    const runs = memoryRunLog({ lease: 2_000 })
    const [a, b] = [start({ state: { runs } }), start({ state: { runs } })]
    const response = await a.ask('1 wait')
    await a.handler.drain(50)
    const { events } = await readEvents(await b.send(a.path(response)))
    expect(events.at(-1)).toContain('"shutting_down"')
    expect(events.filter((each) => each.includes('"error"'))).toHaveLength(1)
  })
})
