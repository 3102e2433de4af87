import { describe, expect, it } from 'vitest'
import { SWAP } from '../../../../src/engines/managed/memory.ts'
import type { ManagedServer } from '../../../../src/engines/managed/server.ts'
import { fakeContext, request } from '../../../support/managed/fake.ts'

/** Servers of 10, of which a budget allows so many at once; each becomes ready at once. */
function servers(budget: number, ...labels: string[]) {
  const it = fakeContext(budget)
  const all = labels.map((label) => it.serverOf({ label, memory: 10, idle: 0 }))
  return { ...it, all: all as [ManagedServer, ManagedServer, ManagedServer], until }

  /** Lets time pass, in which whatever was started becomes healthy. */
  async function until(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 100) {
      for (const process of it.started) process.isHealthy = true
      await it.clock.advance(Math.min(100, ms - passed))
    }
  }
}

const states = (all: readonly ManagedServer[]) => all.map(({ status }) => status.state)

describe('a memory budget', () => {
  it('stops the server that was used least recently, and only that', async () => {
    const { all, until, told } = servers(20, 'a', 'b', 'c')
    for (const server of [all[0], all[1], all[0]]) {
      const each = request(server)
      await until(1_000)
      each.leave()
    }
    await until(SWAP.turn)
    request(all[2])
    await until(1_000)
    expect(states(all)).toEqual(['ready', 'stopped', 'ready'])
    expect(told).toContain('b stopped: another server needs its memory')
  })

  it('never stops one that generates: the other waits, and says so', async () => {
    const { all, until, clock } = servers(10, 'a', 'b')
    const [a, b] = all
    const running = request(a)
    await until(1_000)
    const waiting = request(b)
    await until(10 * 60_000 - 590_000)
    expect(states([a, b])).toEqual(['ready', 'waiting'])
    expect(waiting.progress.at(-1)).toBe('waiting for memory')
    running.leave()
    await until(1_000)
    expect(states([a, b])).toEqual(['stopped', 'ready'])
    expect(waiting.result.state).toBe('entered')
    expect(clock.now()).toBeGreaterThan(0)
  })

  it('lets requests of the loaded model go on for a turn, then the others', async () => {
    const { all, until, started } = servers(10, 'a', 'b')
    const [a, b] = all
    const first = request(a)
    await until(1_000)
    const other = request(b)
    await until(1_000)
    const second = request(a)
    await until(100)
    // Within its turn it takes more requests.
    expect(second.result.state).toBe('entered')
    await until(SWAP.turn)
    const third = request(a)
    await until(100)
    expect(third.result.state).toBe('waiting')
    first.leave()
    await until(1_000)
    expect(states([a, b])).toEqual(['ready', 'waiting'])
    second.leave()
    await until(1_000)
    expect([other.result.state, third.result.state]).toEqual(['entered', 'waiting'])
    expect(started).toHaveLength(2)
    await until(SWAP.turn)
    other.leave()
    await until(1_000)
    expect(third.result.state).toBe('entered')
  })

  it('keeps one that has just become ready for the next request of its client', async () => {
    const { all, until } = servers(10, 'a', 'b')
    const [a, b] = all
    const first = request(a)
    await until(1_000)
    request(b)
    first.leave()
    await until(SWAP.linger - 500)
    expect(states([a, b])).toEqual(['ready', 'waiting'])
    await until(1_500)
    expect(states([a, b])).toEqual(['stopped', 'ready'])
  })

  it('does not stop one that loads for a request', async () => {
    const { all, clock, started } = servers(10, 'a', 'b')
    const [a, b] = all
    request(a)
    await clock.advance(1_000)
    request(b)
    await clock.advance(30_000)
    expect(states([a, b])).toEqual(['starting', 'waiting'])
    expect(started).toHaveLength(1)
  })

  it('gives up in time, and can be asked again', async () => {
    const { all, until } = servers(10, 'a', 'b')
    const [a, b] = all
    request(a)
    await until(1_000)
    const waiting = request(b)
    await until(61_000)
    expect(waiting.result.error).toMatchObject({
      status: 503,
      code: 'engine_busy',
      headers: { 'retry-after': '30' },
    })
    expect(states([a, b])).toEqual(['ready', 'stopped'])
    // What was closed for the other takes requests again.
    const more = request(a)
    await until(100)
    expect(more.result.state).toBe('entered')
  })

  it('forgets a server that nobody waits for any more', async () => {
    const { all, until } = servers(10, 'a', 'b')
    const [a, b] = all
    request(a)
    await until(1_000)
    const waiting = request(b)
    await until(SWAP.turn)
    waiting.abandon()
    await until(100)
    expect(states([a, b])).toEqual(['ready', 'stopped'])
    const more = request(a)
    await until(100)
    expect(more.result.state).toBe('entered')
  })

  it('does not stop a server for one that is only loaded in advance', async () => {
    const { context, started, clock, serverOf } = fakeContext(10)
    const [a, b] = ['a', 'b'].map((label) =>
      serverOf({ label, memory: 10, preload: true, idle: 0 }),
    )
    a?.start()
    b?.start()
    for (const process of started) process.isHealthy = true
    await clock.advance(30_000)
    expect(states([a, b] as ManagedServer[])).toEqual(['starting', 'waiting'])
    expect(context.memory.limit).toBe(10)
  })

  it('starts none beyond it, whatever comes at once', async () => {
    const { all, until, started } = servers(20, 'a', 'b', 'c')
    for (const server of all) request(server)
    await until(2_000)
    expect(started).toHaveLength(2)
    expect(states(all)).toEqual(['ready', 'ready', 'waiting'])
  })

  describe('that one server waits for', () => {
    /** A server of 8 that is in use, and one that waits beside it; the budget is 24. */
    async function waitingFor(first: number, ...others: number[]) {
      const it = servers(24)
      const [busy, big, ...small] = [8, first, ...others].map((memory, index) =>
        it.serverOf({ label: `s${index}`, memory, idle: 0 }),
      ) as [ManagedServer, ManagedServer, ...ManagedServer[]]
      const running = request(busy)
      await it.until(1_000)
      const waiting = request(big)
      await it.until(1_000)
      return { ...it, busy, running, big, waiting, small }
    }

    it('is used meanwhile for one that fits beside that', async () => {
      const { until, running, waiting, small, big } = await waitingFor(20, 2, 2, 2)
      const fitting = small.map((server) => request(server))
      await until(1_000)
      // Three of them would leave too little for the first.
      expect(states(small)).toEqual(['ready', 'ready', 'waiting'])
      expect(fitting.map(({ result }) => result.state)).toEqual(['entered', 'entered', 'waiting'])
      expect(big.status.state).toBe('waiting')
      await until(SWAP.turn)
      running.leave()
      await until(1_000)
      expect(waiting.result.state).toBe('entered')
      expect(states(small)).toEqual(['ready', 'ready', 'waiting'])
    })

    it('is kept from one that would delay that', async () => {
      const { until, running, waiting, small } = await waitingFor(20, 8)
      const other = request(small[0] as ManagedServer)
      await until(15_000)
      expect(states(small)).toEqual(['waiting'])
      running.leave()
      await until(1_000)
      expect([waiting.result.state, other.result.state]).toEqual(['entered', 'waiting'])
    })
  })
})
