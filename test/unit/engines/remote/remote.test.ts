import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Progress } from '../../../../src/engines/engine.ts'
import { INITIAL_CREDIT, type Port } from '../../../../src/engines/remote/protocol.ts'
import { createRemote } from '../../../../src/engines/remote/remote.ts'
import { serveEngine } from '../../../../src/engines/remote/serve-engine.ts'
import { Webllm } from '../../../../src/engines/webllm/webllm.ts'
import type { ChatRequest } from '../../../../src/wire/chat/request.ts'
import { ApiError } from '../../../../src/wire/errors/api-error.ts'
import { parseExact } from '../../../../src/wire/json/exact-integers.ts'
import { scanJson } from '../../../../src/wire/json/scan.ts'
import { decodeText } from '../../../../src/wire/sse/sse.ts'
import { readAll, textOf } from '../../../support/chunks.ts'
import { createStandIn, other, record, type Script } from '../../../support/mlc.ts'

const never = new AbortController().signal
const hello = [{ role: 'user' as const, content: 'Hello' }]
type End = InstanceType<typeof MessageChannel>['port1']
const open: End[] = []

afterEach(() => {
  vi.useRealTimers()
  for (const port of open.splice(0)) port.close()
})

function create(script: Partial<Script> = {}) {
  const standIn = createStandIn(script)
  const local = new Webllm(standIn.mlc, { records: [record, other] })
  let connections = 0
  let far: End | undefined
  let leave: () => void = () => {}
  let isSilent = false
  const engine = createRemote({
    label: 'webllm',
    connect: async () => {
      connections++
      const { port1, port2 } = new MessageChannel()
      const { port1: port3, port2: port4 } = new MessageChannel()
      open.push(port1, port2, port3, port4)
      // Between the two, so that one side can fall silent.
      port2.on('message', (message: unknown) => isSilent || port3.postMessage(message))
      port3.on('message', (message: unknown) => isSilent || port2.postMessage(message))
      far = port2
      leave = serveEngine(port4 as unknown as Port, local)
      return port1 as unknown as Port
    },
  })
  const ask = async (request: Partial<ChatRequest> = {}, signal = never) => {
    const full = { model: record.model_id, messages: hello, stream: true, ...request }
    const answer = await engine.chat(full, signal)
    if (answer.kind !== 'chunks') throw new Error('expected chunks')
    return answer
  }
  return {
    ...standIn,
    engine,
    ask,
    say: async (request = {}) => textOf(await readAll(await ask(request))),
    connections: () => connections,
    closeFarSide: () => far?.close(),
    leaveFarSide: () => leave(),
    silenceFarSide: () => {
      isSilent = true
    },
  }
}

describe('over a port', () => {
  it('an answer is what the engine gives, usage included', async () => {
    const { ask } = create()
    const answer = await ask({ stream_options: { include_usage: true } })
    const chunks = await readAll(answer)
    expect(textOf(chunks)).toBe('Water finds its way.')
    expect(chunks.at(-1)?.usage).toMatchObject({ completion_tokens: 5 })
    expect(answer.contract.finished).toBe(true)
  })

  it('an integer of many digits arrives as a number', async () => {
    const { ask } = create()
    const bytes = new TextEncoder().encode('{"seed":18446744073709551615}')
    const { seed } = parseExact(bytes, scanJson(bytes), decodeText) as { seed: number }
    // As an object that lost its kind on the way it would be refused.
    expect(textOf(await readAll(await ask({ seed })))).toBe('Water finds its way.')
  })

  it("models, loading and its progress, and unloading are the engine's", async () => {
    const { engine, seen } = create()
    expect((await engine.models(never)).map(({ id }) => id)).toEqual([
      record.model_id,
      other.model_id,
    ])
    const steps: Progress[] = []
    await engine.load(other.model_id, never, (step) => steps.push(step))
    expect(steps.at(-1)).toMatchObject({ model: other.model_id, done: 1 })
    await engine.unload()
    expect((await engine.models(never)).some(({ loaded }) => loaded)).toBe(false)
    expect(seen.loads).toEqual([other.model_id])
  })

  it('an error is the same error, whole', async () => {
    const { ask } = create()
    const error = await ask({ model: 'none' }).catch((error: unknown) => error)
    expect(error).toBeInstanceOf(ApiError)
    expect(error).toMatchObject({ status: 404, code: 'model_not_found', param: 'model' })
    expect((error as Error).message).toContain('GET /v1/models')
  })

  it('a failure in the middle ends the stream as it does there', async () => {
    const { ask, script } = create()
    script.failToken = { at: 2, error: new Error('gone') }
    const { items } = await ask()
    await items.next()
    const error = (await readAll({ items }).catch((error: unknown) => error)) as ApiError
    expect(error).toMatchObject({ code: 'engine_failed' })
    // For the log, and for nobody else.
    expect((error.cause as Error).message).toBe('Error: gone')
    expect(error.message).not.toContain('gone')
  })

  it('many requests do not mix', async () => {
    const { say } = create({ tokenDelay: 1 })
    const texts = await Promise.all(Array.from({ length: 5 }, () => say()))
    expect(texts).toEqual(Array(5).fill('Water finds its way.'))
  })

  it('loading is told while an answer is waited for', async () => {
    const { engine } = create({ loadDelay: 20 })
    const notes: (number | undefined)[] = []
    const request = { model: record.model_id, messages: hello, stream: true }
    const answer = await engine.chat(request, never, { onProgress: ({ done }) => notes.push(done) })
    expect(notes).toEqual([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1])
    if (answer.kind === 'chunks') await answer.items.return?.()
  })
})

describe('back-pressure', () => {
  it('holds the engine back where nobody reads, and loses nothing', async () => {
    const tokens = Array.from({ length: 500 }, (_, n) => ` ${n}`)
    const { ask, seen } = create({ tokens, context: 1e6 })
    const answer = await ask()
    await sleep(50)
    expect(seen.decoded).toBeLessThan(INITIAL_CREDIT + 5)
    expect(textOf(await readAll(answer))).toBe(tokens.join(''))
  })
})

describe('a client that leaves', () => {
  it('stops the engine, in the middle as before the first token', async () => {
    const { ask, say, script, seen } = create({ isEndless: true, tokenDelay: 2 })
    const leave = new AbortController()
    const { items } = await ask({}, leave.signal)
    await items.next()
    const pending = readAll({ items })
    leave.abort(new Error('left'))
    await expect(pending).rejects.toThrow('left')
    script.isEndless = false
    expect(await say()).toBe('Water finds its way.')
    expect(seen.stops).toBe(1)

    script.prefillDelay = 30
    const early = new AbortController()
    const asking = ask({}, early.signal)
    await sleep(10)
    early.abort(new Error('left early'))
    await expect(asking).rejects.toThrow('left early')
    expect(await say()).toBe('Water finds its way.')
  })

  it('by `return` stops it too', async () => {
    const { ask, seen } = create({ isEndless: true, tokenDelay: 2 })
    const { items } = await ask()
    await items.next()
    await items.return?.()
    await sleep(30)
    expect(seen.stops).toBe(1)
  })
})

describe('an engine that is gone', () => {
  it('fails its streams at once where its port closes, and is asked for anew', async () => {
    const { ask, say, closeFarSide, connections, script } = create({
      isEndless: true,
      tokenDelay: 2,
    })
    const { items } = await ask()
    await items.next()
    const reading = readAll({ items })
    closeFarSide()
    await expect(reading).rejects.toMatchObject({ status: 503, code: 'engine_lost' })
    script.isEndless = false
    expect(await say()).toBe('Water finds its way.')
    expect(connections()).toBe(2)
  })

  it('fails them at once where it says that it goes', async () => {
    const { ask, leaveFarSide, seen } = create({ isEndless: true, tokenDelay: 2 })
    const { items } = await ask()
    const reading = readAll({ items })
    leaveFarSide()
    await expect(reading).rejects.toMatchObject({ status: 503, code: 'engine_lost' })
    await sleep(20)
    expect(seen.stops).toBe(1)
  })

  it('fails them within seconds where it only falls silent', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] })
    const { ask, silenceFarSide } = create({ isEndless: true, tokenDelay: 2 })
    const { items } = await ask()
    const reading = readAll({ items }).catch((error: unknown) => error)
    silenceFarSide()
    for (let second = 0; second < 63; second++) {
      await vi.advanceTimersByTimeAsync(1_000)
      await sleep(2)
    }
    expect(await reading).toMatchObject({ status: 503, code: 'engine_lost' })
  })

  it('is not one that only takes its time', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] })
    const { say } = create({ prefillDelay: 300 })
    const saying = say()
    for (let second = 0; second < 120; second++) {
      await vi.advanceTimersByTimeAsync(1_000)
      await sleep(3)
    }
    expect(await saying).toBe('Water finds its way.')
  })

  it('cannot be reached where nobody has one', async () => {
    const missing = new ApiError(503, 'no page is open', { code: 'engine_missing' })
    const engine = createRemote({ label: 'webllm', connect: () => Promise.reject(missing) })
    await expect(engine.models(never)).rejects.toBe(missing)
    await expect(engine.models(never)).rejects.toBe(missing)
  })
})

it('a client that falls silent is left, and the engine is free', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] })
  const { mlc, seen } = createStandIn({ isEndless: true, tokenDelay: 1 })
  const local = new Webllm(mlc, { records: [record] })
  const { port1, port2 } = new MessageChannel()
  open.push(port1, port2)
  serveEngine(port2 as unknown as Port, local)
  const request = { model: record.model_id, messages: hello, stream: true }
  port1.postMessage({ kind: 'chat', id: 1, request, credit: 1e9 })
  await sleep(20)
  for (let second = 0; second < 63; second++) {
    await vi.advanceTimersByTimeAsync(1_000)
    await sleep(2)
  }
  expect(seen.stops).toBe(1)
})

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
