import { beforeEach, describe, expect, it, vi } from 'vitest'
import { LoadWatch } from '../../../../../src/engines/upstream/managers/load-watch.ts'
import { managerOf } from '../../../../../src/engines/upstream/managers/manager.ts'
import type { ServerKind } from '../../../../../src/engines/upstream/server-kind.ts'

const LISTED = { id: 'm', object: 'model', created: 1, status: { value: 'unloaded' } } as const

/** A watch on a server whose answers are given, one after the other; the last one stays. */
function watching(kind: ServerKind, ...answers: (unknown | Error)[]) {
  const manager = managerOf(kind, [{ ...LISTED, owned_by: kind }])
  if (manager === undefined) throw new Error(`${kind} is no manager`)
  const asked: string[] = []
  const watch = new LoadWatch(manager, {
    async json(path) {
      asked.push(path)
      const answer = answers.length > 1 ? answers.shift() : answers[0]
      if (answer instanceof Error) throw answer
      return answer
    },
    events: async () => {},
  })
  return { watch, asked }
}

const settled = () => vi.advanceTimersByTimeAsync(1)

const routed = (...models: [string, object][]) => ({
  data: models.map(([id, status]) => ({ id, status })),
})

beforeEach(() => {
  vi.useFakeTimers({
    toFake: ['performance', 'setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'],
  })
  return () => vi.useRealTimers()
})

describe('a watch', () => {
  it('asks once a second, however many look', async () => {
    const { watch, asked } = watching('llama-server', routed(['m', { value: 'loading' }]))
    for (let round = 0; round < 40; round++) {
      watch.look('m', 0)
      watch.look('other', 0)
      await vi.advanceTimersByTimeAsync(100)
    }
    expect(asked).toHaveLength(4)
    expect(watch.look('m', 0)).toEqual({ kind: 'loading' })
    expect(watch.look('other', 0)).toBeUndefined()
  })

  it('knows nothing before the first answer, and nothing of an old one', async () => {
    const { watch } = watching(
      'llama-server',
      routed(['m', { value: 'loaded' }]),
      new Error('refused'),
    )
    expect(watch.look('m', 0)).toEqual({ kind: 'unknown' })
    await settled()
    expect(watch.look('m', 0)).toEqual({ kind: 'loaded' })
    await vi.advanceTimersByTimeAsync(6_000)
    expect(watch.look('m', 0)).toEqual({ kind: 'unknown' })
  })

  it('asks again where a question is lost, and ignores what comes of it', async () => {
    const manager = managerOf('llama-swap', [])
    let asked = 0
    const pending: ((body: unknown) => void)[] = []
    const watch = new LoadWatch(manager as never, {
      json() {
        asked++
        return new Promise((resolve) => pending.push(resolve))
      },
      events: async () => {},
    })
    watch.look('m', 0)
    await vi.advanceTimersByTimeAsync(1_500)
    watch.look('m', 0)
    expect(asked).toBe(1)
    await vi.advanceTimersByTimeAsync(600)
    watch.look('m', 0)
    expect(asked).toBe(2)
    pending[1]?.({ running: [{ model: 'm', state: 'ready' }] })
    await settled()
    pending[0]?.({ running: [{ model: 'm', state: 'starting' }] })
    await settled()
    expect(watch.look('m', 0)).toEqual({ kind: 'loaded' })
  })
})

describe('a load that failed', () => {
  const failed = { value: 'unloaded', failed: true, exit_code: 137 }

  it('is told to those who waited then, and not to those who come later', async () => {
    const { watch } = watching(
      'llama-server',
      routed(['m', { value: 'loading' }]),
      routed(['m', failed]),
    )
    watch.look('m', 0)
    await vi.advanceTimersByTimeAsync(1_000)
    watch.look('m', 0)
    await settled()
    expect(watch.look('m', 500)).toMatchObject({ kind: 'failed', exitCode: 137 })
    expect(watch.look('m', performance.now() + 1)).toMatchObject({ kind: 'waiting' })
  })

  it('is not one that failed before: the server tries again', async () => {
    const { watch } = watching('llama-server', routed(['m', failed]))
    watch.look('m', 0)
    await settled()
    expect(watch.look('m', 0)).toEqual({ kind: 'waiting', unloading: [], loadsOther: false })
  })
})

describe('a server that tells only what is loaded', () => {
  it('has yet to load the rest, and says what it unloads for it', async () => {
    const running = [{ model: 'other', state: 'stopping' }]
    const { watch, asked } = watching('llama-swap', { running })
    watch.look('m', 0)
    await settled()
    expect(asked).toEqual(['../running'])
    expect(watch.look('m', 0)).toEqual({ kind: 'waiting', unloading: ['other'], loadsOther: false })
  })

  it('loads a model where it answers another question only', async () => {
    const { watch, asked } = watching('ollama', new Error('timeout'), { version: '0.32.5' })
    watch.look('m', 0)
    await settled()
    expect(asked).toEqual(['../api/ps', '../api/version'])
    expect(watch.look('m', 0)).toEqual({ kind: 'waiting', unloading: [], loadsOther: true })
  })

  it('is not known to load anything where it answers nothing', async () => {
    const { watch } = watching('ollama', new Error('timeout'))
    watch.look('m', 0)
    await settled()
    expect(watch.look('m', 0)).toEqual({ kind: 'unknown' })
  })
})

describe('a server that does not load the model', () => {
  /** Looks once a second for so long, as a request does that began at the start. */
  async function lookFor(watch: LoadWatch, ms: number) {
    for (let passed = 0; passed < ms; passed += 1_000) {
      watch.look('m', 0)
      await vi.advanceTimersByTimeAsync(1_000)
    }
    return watch.look('m', 0)
  }
  const unloaded = routed(['m', { value: 'unloaded' }])

  it('is taken to begin soon, and after half a minute not any more', async () => {
    const { watch } = watching('llama-server', unloaded)
    expect(await lookFor(watch, 25_000)).toMatchObject({ kind: 'waiting' })
    expect(await lookFor(watch, 10_000)).toEqual({ kind: 'unknown' })
    const now = performance.now()
    expect(watch.look('m', now)).toMatchObject({ kind: 'waiting' })
  })

  it('while it loads another one is waited for, and for a while after that', async () => {
    const busy = routed(['m', { value: 'unloaded' }], ['other', { value: 'loading' }])
    const { watch } = watching('llama-server', ...Array(60).fill(busy), unloaded)
    expect(await lookFor(watch, 80_000)).toMatchObject({ kind: 'waiting' })
    expect(await lookFor(watch, 20_000)).toEqual({ kind: 'unknown' })
  })

  it('but answers nothing else is waited for', async () => {
    const { watch } = watching(
      'ollama',
      ...Array(40)
        .fill([new Error('timeout'), { version: '0.32.5' }])
        .flat(),
    )
    expect(await lookFor(watch, 39_000)).toMatchObject({ kind: 'waiting', loadsOther: true })
  })
})

describe('events of loads', () => {
  /** A router that loads `m` and tells its progress, and how often its events were read. */
  function telling(take: (tell: (done: number, part?: string) => void) => void) {
    const follows: AbortSignal[] = []
    const manager = managerOf('llama-server', [{ ...LISTED, owned_by: 'llamacpp' }])
    const states = { value: 'loading' }
    const watch = new LoadWatch(manager as never, {
      json: async () => routed(['m', states]),
      events: (_, signal, told) => {
        follows.push(signal)
        take((done, part) => told({ model: 'm', done, part }))
        return new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason))
        })
      },
    })
    return { watch, follows, states }
  }

  it('are read while the model is loaded, and tell how much is done', async () => {
    const { watch, follows, states } = telling((tell) => tell(0.5, 'text_model'))
    watch.look('m', 0)
    await settled()
    expect(watch.look('m', 0)).toEqual({ kind: 'loading', done: 0.5, part: 'text_model' })
    for (let second = 0; second < 5; second++) {
      await vi.advanceTimersByTimeAsync(1_000)
      watch.look('m', 0)
    }
    expect(follows).toHaveLength(1)
    states.value = 'loaded'
    for (let second = 0; second < 3; second++) {
      await vi.advanceTimersByTimeAsync(1_000)
      watch.look('m', 0)
    }
    expect(watch.look('m', 0)).toEqual({ kind: 'loaded' })
    expect(follows[0]?.aborted).toBe(true)
  })

  it('are read no longer where nobody looks, and again where somebody does', async () => {
    const { watch, follows } = telling(() => {})
    watch.look('m', 0)
    await vi.advanceTimersByTimeAsync(5_000)
    expect(follows.map(({ aborted }) => aborted)).toEqual([true])
    watch.look('m', 0)
    await settled()
    expect(follows.map(({ aborted }) => aborted)).toEqual([true, false])
  })
})
