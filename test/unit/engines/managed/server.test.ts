import { describe, expect, it } from 'vitest'
import { type FakeProcess, fakeContext, request, settled } from '../../../support/managed/fake.ts'

/** A server that a request has started, and that is ready. */
async function readyServer(options = {}) {
  const it = fakeContext()
  const server = it.serverOf(options)
  const first = request(server)
  await settled()
  const process = it.started[0] as FakeProcess
  process.isHealthy = true
  await it.clock.advance(2_000)
  expect(first.result.state).toBe('entered')
  return { ...it, server, first, process }
}

describe('a start', () => {
  it('happens once for all requests that wait', async () => {
    const { clock, started, serverOf, told } = fakeContext()
    const server = serverOf()
    const requests = [request(server), request(server), request(server)]
    await clock.advance(3_000)
    expect(started).toHaveLength(1)
    expect(requests.map(({ result }) => result.state)).toEqual(['waiting', 'waiting', 'waiting'])
    expect(started[0]?.given.command).toEqual(['server', '40001'])
    ;(started[0] as FakeProcess).isHealthy = true
    await clock.advance(1_000)
    expect(requests.map(({ result }) => result.state)).toEqual(['entered', 'entered', 'entered'])
    expect(told).toEqual([
      'gpu started (process 1, port 40001)',
      expect.stringMatching(/^gpu ready after [34][.\d]* s$/),
    ])
  })

  it('tells each request how far it is, and when it is over', async () => {
    const { clock, started, serverOf } = fakeContext()
    const { progress } = request(serverOf(), 'qwen')
    await clock.advance(7_000)
    ;(started[0] as FakeProcess).isHealthy = true
    await clock.advance(1_000)
    expect([...new Set(progress)]).toEqual([
      'waiting for memory',
      'loading qwen',
      'loading qwen (5 s)',
      undefined,
    ])
    expect(progress.at(-1)).toBeUndefined()
  })

  it('goes on for the others when one leaves, and when all have left, until it was idle for long', async () => {
    const { clock, started, serverOf, told } = fakeContext()
    const server = serverOf()
    const [one, other] = [request(server), request(server)]
    await clock.advance(1_000)
    one.abandon()
    await settled()
    expect([one.result.state, other.result.state]).toEqual(['refused', 'waiting'])
    other.abandon()
    await clock.advance(1_000)
    ;(started[0] as FakeProcess).isHealthy = true
    await clock.advance(1_000)
    expect(server.isReady).toBe(true)
    await clock.advance(31_000)
    expect(server.status.state).toBe('stopped')
    expect(told.at(-1)).toBe('gpu stopped: no request for 30 s')
  })

  it('that takes too long is ended, with all its processes', async () => {
    const { clock, started, serverOf } = fakeContext()
    const waiting = request(serverOf())
    await settled()
    const [process] = started as [FakeProcess]
    process.isHealthy = undefined
    process.ignoresTerm = true
    await clock.advance(70_000)
    expect(process.signals).toEqual(['SIGTERM', 'SIGKILL'])
    expect(waiting.result.error).toMatchObject({
      status: 503,
      code: 'engine_start_failed',
      message: expect.stringMatching(/not ready within 60 s \(startTimeout\).*raise startTimeout/),
    })
  })

  it('that fails refuses those who wait, with the exit code and a time to try again', async () => {
    const { clock, started, serverOf, told } = fakeContext()
    const waiting = request(serverOf())
    await settled()
    const [process] = started as [FakeProcess]
    process.say('cannot load the model\n')
    process.end({ code: 3 })
    await clock.advance(500)
    expect(waiting.result.error).toMatchObject({
      status: 503,
      headers: { 'retry-after': '5' },
      message: expect.stringContaining('gpu could not be started: it exited with code 3; its last'),
    })
    expect(told.at(-1)).toBe('gpu exited with code 3; its last output:\n  cannot load the model')
    // What it started itself may not have ended.
    expect(process.signals).toEqual(['SIGKILL'])
  })

  it('waits for the backoff after a failure, and is refused at once after several', async () => {
    const { clock, started, serverOf } = fakeContext()
    const server = serverOf()
    for (const [at, wait] of [0, 1_000, 2_000].entries()) {
      const waiting = request(server)
      await clock.advance(Math.max(0, wait - 100))
      if (wait > 0) expect(started).toHaveLength(at)
      await clock.advance(100)
      expect(started).toHaveLength(at + 1)
      started[at]?.end({ signal: 'SIGSEGV' })
      await clock.advance(0)
      expect(waiting.result.state).toBe('refused')
    }
    const refused = request(server)
    await settled()
    expect(refused.result.state).toBe('refused')
    expect(server.status).toMatchObject({
      state: 'failed',
      failures: 3,
      lastExit: 'was ended by SIGSEGV',
    })
    await clock.advance(4_000)
    const again = request(server)
    await settled()
    ;(started[3] as FakeProcess).isHealthy = true
    await clock.advance(1_000)
    expect(again.result.state).toBe('entered')
  })

  it('has a bounded queue', async () => {
    const { serverOf } = fakeContext()
    const server = serverOf()
    const requests = [1, 2, 3, 4].map(() => request(server))
    await settled()
    expect(requests.map(({ result }) => result.state)).toEqual([
      'waiting',
      'waiting',
      'waiting',
      'refused',
    ])
    expect(requests[3]?.result.error).toMatchObject({ status: 503, code: 'engine_busy' })
  })
})

describe('a port', () => {
  it('that another program took meanwhile is replaced by another one', async () => {
    const { clock, started, serverOf, taken, told } = fakeContext()
    const waiting = request(serverOf())
    await settled()
    taken.add(40_001)
    started[0]?.end({ code: 1 })
    await clock.advance(100)
    expect(started[1]?.port).toBe(40_002)
    ;(started[1] as FakeProcess).isHealthy = true
    await clock.advance(1_000)
    expect(waiting.result.state).toBe('entered')
    expect(told).toContain('gpu found port 40001 in use; another one is tried')
  })

  it('that is fixed and in use is said to be, and nothing is started', async () => {
    const { clock, started, serverOf, taken } = fakeContext()
    taken.add(9_000)
    const waiting = request(serverOf({ port: 9_000 }))
    await clock.advance(10_000)
    expect(started).toHaveLength(0)
    expect(waiting.result.error).toMatchObject({
      message: expect.stringContaining(
        'port 9000 in use by another program; stop that program, or',
      ),
    })
  })

  it('that answers for a server which has ended is not taken for it', async () => {
    const { clock, started, serverOf } = fakeContext()
    const waiting = request(serverOf())
    await settled()
    const [process] = started as [FakeProcess]
    process.isHealthy = true
    process.end({ code: 1 })
    process.hasEnded = false
    await clock.advance(1_000)
    expect(waiting.result.state).toBe('refused')
  })
})

describe('an idle server', () => {
  it('is stopped after its idle time, and started again by the next request', async () => {
    const { clock, server, first, process, started } = await readyServer()
    first.leave()
    await clock.advance(29_000)
    expect(server.status.state).toBe('ready')
    await clock.advance(1_500)
    expect(server.status.state).toBe('stopped')
    expect(process.signals).toEqual(['SIGTERM', 'SIGKILL'])
    request(server)
    await settled()
    expect(started).toHaveLength(2)
  })

  it('is not stopped while it answers, however long that takes', async () => {
    const { clock, server, first } = await readyServer()
    server.hold()
    first.leave()
    await clock.advance(10 * 60_000)
    expect(server.status.state).toBe('ready')
    server.leave()
    await clock.advance(31_000)
    expect(server.status.state).toBe('stopped')
  })

  it('counts from its last request', async () => {
    const { clock, server, first } = await readyServer()
    first.leave()
    for (let time = 0; time < 5; time++) {
      await clock.advance(20_000)
      const next = request(server)
      await settled()
      next.leave()
    }
    expect(server.status.state).toBe('ready')
  })

  it('runs on where its idle time is 0', async () => {
    const { clock, server, first } = await readyServer({ idle: 0 })
    first.leave()
    await clock.advance(24 * 60 * 60_000)
    expect(server.status.state).toBe('ready')
    expect(clock.pending).toBe(0)
  })

  it('lets a request wait that comes while it is stopped', async () => {
    const { clock, server, first, process, started } = await readyServer()
    process.ignoresTerm = true
    first.leave()
    await clock.advance(31_000)
    expect(server.status.state).toBe('stopping')
    const next = request(server)
    await clock.advance(5_000)
    expect(started).toHaveLength(2)
    ;(started[1] as FakeProcess).isHealthy = true
    await clock.advance(1_000)
    expect(next.result.state).toBe('entered')
  })
})

describe('a server that ends by itself', () => {
  it('is started by the next request: at once where it had run for long', async () => {
    const { clock, server, first, process, started } = await readyServer()
    await clock.advance(60_000)
    process.end({ signal: 'SIGKILL' })
    await settled()
    first.leave()
    expect(server.status).toMatchObject({ state: 'failed', lastExit: 'was ended by SIGKILL' })
    await clock.advance(60_000)
    expect(started).toHaveLength(1)
    request(server)
    await settled()
    expect(started).toHaveLength(2)
  })

  it('is started again by itself where it is to be preloaded', async () => {
    const { clock, first, process, started, server } = await readyServer({ preload: true })
    first.leave()
    process.end({ code: 1 })
    await clock.advance(900)
    expect(started).toHaveLength(1)
    await clock.advance(200)
    expect(started).toHaveLength(2)
    started[1]?.end({ code: 1 })
    await clock.advance(2_100)
    expect(started).toHaveLength(3)
    void server.stop('the test ends')
    await clock.advance(100_000)
    expect(started).toHaveLength(3)
  })
})

describe('the end', () => {
  it('stops a server that answers, and refuses those who wait', async () => {
    const { clock, server, process } = await readyServer()
    const stopped = server.stop('sluice ends')
    const late = request(server)
    await clock.advance(0)
    await stopped
    expect(process.hasEnded).toBe(true)
    expect(late.result.error).toMatchObject({ code: 'shutting_down' })
    expect(clock.pending).toBe(0)
  })

  it('of its settings comes when its last request has ended', async () => {
    const { server, first, process } = await readyServer()
    server.retire()
    await settled()
    expect(process.hasEnded).toBe(false)
    first.leave()
    await settled()
    expect(process.hasEnded).toBe(true)
  })
})
