import { afterEach, describe, expect, it, vi } from 'vitest'
import { Replicator, type ReplicatorOptions } from '../../../../src/routes/runs/replicator.ts'
import { memoryRunLog } from '../../../../src/state/memory-run-log.ts'
import type { RunLog } from '../../../../src/state/run-log.ts'

const key = { owner: 'ann', id: 'strm_1' }
const info: ReplicatorOptions['info'] = {
  ...{ api: 'chat', contentType: 'text/event-stream', hasIds: false },
  ...{ isBackground: false, instance: 'a' },
}
const limits = { bytes: 4_194_304, keepMs: 60_000 }

afterEach(() => {
  vi.useRealTimers()
})

/** A run whose events go to `shared`. */
function copy(shared: RunLog, options: Partial<ReplicatorOptions> = {}) {
  vi.useFakeTimers()
  const local = memoryRunLog({ lease: Number.POSITIVE_INFINITY })
  void local.open(key, info, limits)
  const onStop = vi.fn()
  const replicator = new Replicator({
    ...{ local, shared, key, info, limits, onStop, onLost() {}, onRead() {} },
    ...options,
  })
  let next = 0
  const write = (frames: string[]) => {
    void local.append(key, 1, next, frames)
    next += frames.length
    replicator.note(frames.join('').length, performance.now())
  }
  return { replicator, write, onStop }
}

const nextIn = async (log: RunLog) => (await log.read(key, Number.MAX_SAFE_INTEGER, true))?.next

describe('the copy of a run in the log that instances share', () => {
  it('is complete soon after a burst, although nothing more is written', async () => {
    const shared = memoryRunLog()
    const { write } = copy(shared)
    await vi.advanceTimersByTimeAsync(100)
    write(Array.from({ length: 20 }, () => 'x'.repeat(40_000)))
    await vi.advanceTimersByTimeAsync(800)
    expect(await nextIn(shared)).toBe(20)
  })

  it('is sent ten times a second, and twice as often while somebody reads it elsewhere', async () => {
    const shared = memoryRunLog()
    let appends = 0
    const counted: RunLog = new Proxy(shared, {
      get: (target, name: keyof RunLog) => {
        if (name === 'append') appends++
        return target[name].bind(target)
      },
    })
    const { write } = copy(counted)
    const second = async (isRead: boolean) => {
      appends = 0
      for (let at = 0; at < 100; at++) {
        if (isRead && at % 50 === 0) void shared.read(key, 0)
        write(['x'.repeat(200)])
        await vi.advanceTimersByTimeAsync(10)
      }
      return appends
    }
    await second(false)
    expect(await second(false)).toBeLessThanOrEqual(11)
    await second(true)
    const read = await second(true)
    expect([read > 17, read <= 25]).toEqual([true, true])
    for (let at = 0; at < 3; at++) await second(false)
    expect(await second(false)).toBeLessThanOrEqual(11)
  })

  it('tells of a stop within a second where the hint was lost, before the first event too', async () => {
    const shared = memoryRunLog()
    const deaf: RunLog = new Proxy(shared, {
      get: (target, name: keyof RunLog) =>
        name === 'watch' ? () => () => {} : target[name].bind(target),
    })
    const { onStop } = copy(deaf)
    await vi.advanceTimersByTimeAsync(2_050)
    await shared.stop(key)
    await vi.advanceTimersByTimeAsync(950)
    expect(onStop).toHaveBeenCalled()
  })

  it('does not wait for a log that never answers, and is made when it does again', async () => {
    const shared = memoryRunLog()
    let isStuck = true
    const stuck: RunLog = new Proxy(shared, {
      get: (target, name: keyof RunLog) =>
        name === 'watch' || !isStuck ? target[name].bind(target) : () => new Promise(() => {}),
    })
    const { replicator, write } = copy(stuck, { deadline: 500 })
    await vi.advanceTimersByTimeAsync(10)
    write(['one'])
    const asked = vi.fn()
    void replicator.renew().then(asked)
    await vi.advanceTimersByTimeAsync(600)
    expect(asked).toHaveBeenCalledWith(true)
    isStuck = false
    await vi.advanceTimersByTimeAsync(3_000)
    expect(await nextIn(shared)).toBe(1)
  })
})
