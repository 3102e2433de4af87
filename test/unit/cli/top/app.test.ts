import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { TopApp } from '../../../../src/cli/top/app.ts'
import type { FeedClient, FeedEvent, FeedListener } from '../../../../src/cli/top/feed.ts'
import { paintFor } from '../../../../src/cli/top/paint.ts'
import { Screen } from '../../../../src/cli/top/screen.ts'
import { activity, snapshot, TIME } from './rows.ts'

beforeEach(() => {
  vi.useFakeTimers({
    toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'],
  })
})
afterEach(() => {
  vi.useRealTimers()
})

/** The program with a feed of the test's own, and what it writes to the terminal. */
function start() {
  const stop = new AbortController()
  const calls: string[] = []
  let listener: FeedListener | undefined
  const client = {
    name: 'host',
    follow: (given: FeedListener, signal: AbortSignal) => {
      listener = given
      return new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
    },
    async *events(path: string, signal: AbortSignal): AsyncGenerator<FeedEvent> {
      calls.push(`open ${path}`)
      yield { name: 'sent', data: { at: 1, text: 'data: {"choices":[{"text":"so it goes"}]}\n\n' } }
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
      calls.push('close')
    },
    cancel: async (id: string) => void calls.push(`cancel ${id}`),
  } as unknown as FeedClient
  const writes: string[] = []
  const screen = new Screen((text) => writes.push(text))
  screen.enter()
  const app = new TopApp({
    ...{ client, screen, paint: paintFor(false), signal: stop.signal },
    selection: { sort: 'age', filter: '', failuresOnly: false },
    quit: () => calls.push('quit'),
    suspend: () => 'It cannot suspend itself here.',
  })
  const running = app.run()
  return {
    ...{ app, calls, writes, stop, running },
    get feed() {
      if (listener === undefined) throw new Error('The feed is not followed.')
      return listener
    },
    /** Presses keys, each with the time to be drawn. Returns what was written since. */
    async press(...keys: string[]): Promise<string> {
      writes.length = 0
      for (const key of keys) {
        app.press(key)
        await vi.advanceTimersByTimeAsync(100)
      }
      return writes.join('')
    },
  }
}

describe('sluice top', () => {
  it('draws at most four times a second, however much comes, and only lines that change', async () => {
    const top = start()
    const many = Array.from({ length: 15 }, (_, i) =>
      activity(`r${i}`, 100 + i, { model: `m${i}` }),
    )
    top.feed.onSnapshot(snapshot(many))
    await vi.advanceTimersByTimeAsync(1_000)
    top.writes.length = 0
    for (let i = 0; i < 500; i++) {
      const requests = [
        activity('r3', 100, { model: 'm3', tokens: i, state: 'ended', outcome: 'ok' }),
      ]
      top.feed.onChanges({ time: TIME + i * 4, requests })
      await vi.advanceTimersByTimeAsync(4)
    }
    expect(top.writes.length).toBeGreaterThan(6)
    expect(top.writes.length).toBeLessThan(10)
    top.writes.length = 0
    await vi.advanceTimersByTimeAsync(100)
    for (const write of top.writes) expect(write).not.toContain('STATE')
  })

  it('writes nothing where nothing changes', async () => {
    const top = start()
    top.feed.onSnapshot(snapshot([]))
    await vi.advanceTimersByTimeAsync(1_000)
    top.writes.length = 0
    await vi.advanceTimersByTimeAsync(60_000)
    expect(top.writes).toEqual([])
  })

  it('asks before it stops a request', async () => {
    const top = start()
    top.feed.onSnapshot(snapshot([activity('r1', 5, { model: 'm\u001b[2J', key: 'laptop' })]))
    expect(await top.press('s')).toContain('Stop the request to m\\u001b[2J of laptop? y/n')
    expect(await top.press('q')).toContain('It was not stopped.')
    expect(top.calls).toEqual([])
    expect(await top.press('s', 'y')).toContain('It was stopped.')
    expect(top.calls).toEqual(['cancel r1'])
  })

  it('opens a request until Esc, and has help on every screen', async () => {
    const top = start()
    top.feed.onSnapshot(snapshot([activity('r/1', 5, { model: 'm' })]))
    expect(await top.press('return')).toContain('so it goes')
    expect(await top.press('?')).toContain('Keys of sluice top')
    expect(await top.press('s')).toContain('so it goes')
    expect(await top.press('escape')).toContain('STATE')
    expect(top.calls).toEqual(['open /activity/r%2F1', 'close'])
    expect(await top.press('e')).toContain('ENGINES')
    expect(await top.press('e')).toContain('STATE')
    await top.press('/', 'q', 'return', 'q')
    expect(top.calls.at(-1)).toBe('quit')
  })

  it('says when the connection is lost, when it is back, and when it cannot be suspended', async () => {
    const top = start()
    top.feed.onSnapshot(snapshot([]))
    await vi.advanceTimersByTimeAsync(300)
    top.writes.length = 0
    top.feed.onLost('gone\u0007', 1_000)
    await vi.advanceTimersByTimeAsync(300)
    expect(top.writes.join('')).toMatch(/CONNECTION LOST[\s\S]*gone\\u0007; trying again in 1 s\./)
    top.writes.length = 0
    top.feed.onSnapshot(snapshot([], { instance: 'two' }))
    await vi.advanceTimersByTimeAsync(300)
    expect(top.writes.join('')).toContain('Connected again; the server was restarted.')
    expect(await top.press('ctrl-z')).toContain('It cannot suspend itself here.')
    await top.press('ctrl-c')
    expect(top.calls).toEqual(['quit'])
    top.stop.abort()
    await top.running
  })
})
