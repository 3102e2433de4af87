import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { limitLastRead } from '../../../src/stream/limit-last-read.ts'

describe('the end of a stream', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it('breaks the body off where its client does not read it in time', async () => {
    const broken: unknown[] = []
    const body = { break: (reason: unknown) => void broken.push(reason) }
    limitLastRead({ delivered: new Promise(() => {}) }, body, 700)
    await vi.advanceTimersByTimeAsync(699)
    expect(broken).toEqual([])
    await vi.advanceTimersByTimeAsync(1)
    expect(String(broken[0])).toContain('did not read the end of the stream in time')
  })

  it('leaves the body alone once its client has read it', async () => {
    const broken: unknown[] = []
    const body = { break: (reason: unknown) => void broken.push(reason) }
    limitLastRead({ delivered: Promise.resolve() }, body, 700)
    await vi.advanceTimersByTimeAsync(1_000)
    expect(broken).toEqual([])
  })
})
