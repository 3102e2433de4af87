import { describe, expect, it } from 'vitest'
import { ManagedServers } from '../../../../src/engines/managed/managed-servers.ts'
import { parseSettings } from '../../../../src/settings/settings.ts'
import { type FakeProcess, fakeContext, request, settled } from '../../../support/managed/fake.ts'

/** Servers of one context that know of each other's ports. */
function knowing(...options: object[]) {
  const it = fakeContext()
  const all = options.map((each) => it.serverOf(each))
  it.context.usesPort = (port, asking) =>
    all.some((server) => server !== asking && server.usedPort === port)
  return { ...it, all }
}

describe('a server whose settings are replaced', () => {
  it('while it starts goes on for those who wait, and is stopped after them', async () => {
    const { clock, started, serverOf } = fakeContext()
    const server = serverOf()
    const waiting = [request(server), request(server)]
    await clock.advance(1_000)
    server.retire()
    const [process] = started as [FakeProcess]
    process.isHealthy = true
    await clock.advance(1_500)
    expect(waiting.map(({ result }) => result.state)).toEqual(['entered', 'entered'])
    expect(process.signals).toEqual([])
    for (const each of waiting) each.leave()
    await settled()
    expect(process.hasEnded).toBe(true)
    expect(started).toHaveLength(1)
  })

  it('and that fails refuses a request that comes later', async () => {
    const { clock, started, serverOf } = fakeContext()
    const server = serverOf()
    const first = request(server)
    await settled()
    server.retire()
    started[0]?.end({ code: 1 })
    await clock.advance(100)
    const later = request(server)
    await clock.advance(100)
    const states = [first, later].map(({ result }) => result.state)
    expect(states).toEqual(['refused', 'refused'])
    expect(later.result.error).toMatchObject({ status: 503, code: 'engine_start_failed' })
  })

  it('has its fixed port until it has ended: the new one waits for that', async () => {
    const { clock, started, taken, all } = knowing({ port: 9_000 }, { port: 9_000 })
    const [old, fresh] = all as [(typeof all)[0], (typeof all)[0]]
    const running = request(old)
    await settled()
    ;(started[0] as FakeProcess).isHealthy = true
    await clock.advance(1_000)
    taken.add(9_000)
    old.retire()
    const waiting = request(fresh)
    await clock.advance(20_000)
    expect(waiting.result.state).toBe('waiting')
    running.leave()
    taken.delete(9_000)
    await clock.advance(1_000)
    ;(started[1] as FakeProcess).isHealthy = true
    await clock.advance(1_000)
    expect(waiting.result.state).toBe('entered')
  })
})

describe('a wait for a fixed port', () => {
  /** A server at a port, and one that waits for that port, whose start may take a minute. */
  async function waitingForPort() {
    const it = knowing({ label: 'a', port: 9_000, idle: 0 }, { label: 'b', port: 9_000 })
    const [a, b] = it.all as [(typeof it.all)[0], (typeof it.all)[0]]
    request(a)
    await settled()
    ;(it.started[0] as FakeProcess).isHealthy = true
    await it.clock.advance(1_000)
    it.taken.add(9_000)
    const waiting = request(b)
    await it.clock.advance(1_000)
    return { ...it, b, waiting }
  }

  it('ends after the time that a start may take', async () => {
    const { clock, waiting } = await waitingForPort()
    await clock.advance(50_000)
    expect(waiting.result.state).toBe('waiting')
    await clock.advance(11_000)
    expect(waiting.result.error).toMatchObject({
      code: 'engine_start_failed',
      message: expect.stringContaining('port 9000 in use by another server that sluice started'),
    })
  })

  it('ends when nobody waits any more', async () => {
    const { clock, waiting, b } = await waitingForPort()
    expect(b.status.state).toBe('starting')
    waiting.abandon()
    await clock.advance(500)
    expect(b.status.state).toBe('stopped')
  })
})

describe('a wait', () => {
  it('ends in the end, whatever the server does', async () => {
    const { clock, started, serverOf } = fakeContext()
    const server = serverOf()
    const first = request(server)
    await settled()
    ;(started[0] as FakeProcess).isHealthy = true
    await clock.advance(1_000)
    // As for another server, which then never gets the memory.
    server.close()
    const waiting = request(server)
    await clock.advance(249_000)
    expect(waiting.result.state).toBe('waiting')
    await clock.advance(2_000)
    expect(waiting.result.error).toMatchObject({
      status: 503,
      message: expect.stringContaining('it took no request within 250 s'),
    })
    first.leave()
  })

  it('leaves no timer behind', async () => {
    const { clock, started, serverOf } = fakeContext()
    const waiting = request(serverOf({ idle: 0 }))
    await settled()
    ;(started[0] as FakeProcess).isHealthy = true
    await clock.advance(1_000)
    expect(waiting.result.state).toBe('entered')
    expect(clock.pending).toBe(0)
  })
})

describe('the restart of a server that is preloaded', () => {
  it('comes, whatever requests do in the pause before it', async () => {
    const { clock, started, serverOf } = fakeContext()
    const server = serverOf({ preload: true })
    server.start()
    for (let time = 0; time < 3; time++) {
      await clock.advance(60_000)
      started.at(-1)?.end({ code: 1 })
      await settled()
    }
    const before = started.length
    const refused = request(server)
    await settled()
    const left = request(server)
    left.abandon()
    await settled()
    expect(refused.result.state).toBe('refused')
    await clock.advance(61_000)
    expect(started.length).toBeGreaterThan(before)
  })

  it('does not come for a request that has left', async () => {
    const { clock, started, serverOf } = fakeContext()
    const server = serverOf()
    request(server)
    await settled()
    started[0]?.end({ code: 1 })
    await settled()
    const waiting = request(server)
    await settled()
    waiting.abandon()
    await clock.advance(60_000)
    expect(started).toHaveLength(1)
  })
})

describe('a process that SIGKILL does not end', () => {
  it('is given up after a while, and the log says so', async () => {
    const { clock, started, serverOf, told } = fakeContext()
    const server = serverOf()
    const first = request(server)
    await settled()
    const [process] = started as [FakeProcess]
    process.isHealthy = true
    await clock.advance(1_000)
    process.kill = (signal) => void process.signals.push(signal)
    first.leave()
    await clock.advance(50_000)
    expect(process.signals).toEqual(['SIGTERM', 'SIGKILL'])
    expect(server.status.state).toBe('stopped')
    expect(told.join('\n')).toContain('gpu did not end within 5 s of SIGKILL;')
  })
})

describe('a server that was changed', () => {
  it('waits for its former self, which has the same label and the same fixed port', async () => {
    const { context, clock, started, taken, told } = fakeContext()
    const { processes, fetch, tell } = context
    const servers = new ManagedServers({ processes, fetch, clock, tell })
    const settings = (name: string) =>
      parseSettings({ upstream: [{ run: [name], models: ['m'], port: 9_000, preload: true }] })
    servers.takeOver(settings('old'))
    await settled()
    const [old] = started as [FakeProcess]
    Object.assign(old, { isHealthy: true, ignoresTerm: true })
    await clock.advance(1_000)
    taken.add(9_000)
    servers.takeOver(settings('new'))
    await clock.advance(9_000)
    expect(old.signals).toEqual(['SIGTERM'])
    taken.delete(9_000)
    await clock.advance(2_000)
    expect(old.hasEnded).toBe(true)
    expect(started.map(({ given }) => given.command)).toEqual([['old'], ['new']])
    expect(told.join('\n')).not.toContain('in use')
    const stopped = servers.stop()
    await clock.advance(20_000)
    await stopped
  })
})
