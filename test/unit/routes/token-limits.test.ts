import { expect, it } from 'vitest'
import { defineEngine } from '../../../src/engines/custom/define-engine.ts'
import { createHandler } from '../../../src/handler.ts'
import { memoryLimits } from '../../../src/state/limit-store.ts'
import { ApiError } from '../../../src/wire/errors/api-error.ts'

const LIMIT = 10_000

type Chat = Parameters<typeof defineEngine>[0]['chat']

/** A handler whose callers have `LIMIT` tokens a minute, on a clock of its own. */
function limited(chat: Chat, maxConcurrency?: number) {
  const clock = { now: 0 }
  const limits = memoryLimits(() => clock.now)
  const engine = defineEngine({
    label: 'own',
    models: ['m'],
    chat,
    ...(maxConcurrency && { maxConcurrency }),
  })
  const { fetch } = createHandler({
    engines: [engine],
    authenticate: () => ({ name: 'ann', tokensPerMinute: LIMIT }),
    state: { limits },
    log: 'none',
  })
  const left = () => (limits.take('ann tokens', 0, LIMIT) as { remaining: number }).remaining
  const ask = (body: object, signal?: AbortSignal, path = '/v1/chat/completions') =>
    fetch(
      new Request(`http://sluice.example${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ model: 'm', messages: user('x'.repeat(4_000)), ...body }),
        ...(signal && { signal }),
      }),
    )
  return { clock, left, ask }
}

const user = (content: unknown) => [{ role: 'user', content }]

/** What is reserved for the prompt of `ask`. */
const PROMPT = 1_004

async function* hangs(): AsyncGenerator<string> {
  await new Promise(() => {})
  yield ''
}

it('a session of prompts that are larger than a minute’s tokens gets through, with the waits it is told', async () => {
  const { clock, ask } = limited(async function* () {
    for (let word = 0; word < 200; word++) yield 'word '
    return { usage: { prompt_tokens: 17_000, completion_tokens: 200 } }
  })
  const body = {
    max_tokens: 32_000,
    stream: true,
    system: 'x'.repeat(70_000),
    messages: user('Go.'),
  }
  let waits = 0
  for (let turn = 0; turn < 4; ) {
    const response = await ask(body, undefined, '/v1/messages')
    const read = await response.text()
    if (response.status === 200) {
      expect(read).toContain('message_stop')
      turn++
    } else {
      expect(response.status).toBe(429)
      clock.now += Number(response.headers.get('retry-after')) * 1_000
      expect(++waits).toBeLessThan(8)
    }
  }
  // 17,200 tokens for each of three turns, less the full bucket at the start, at 10,000 a minute.
  expect(clock.now).toBeGreaterThan(240_000)
  expect(clock.now).toBeLessThan(320_000)
})

it('an answer that is not streamed stays charged as it was reserved, where the client leaves', async () => {
  const { left, ask } = limited(hangs)
  const leaving = new AbortController()
  const asking = ask({ max_tokens: 500 }, leaving.signal)
  await expect.poll(left).toBe(LIMIT - PROMPT - 500)
  await new Promise((resolve) => setTimeout(resolve, 20))
  leaving.abort()
  await asking.catch(() => {})
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(left()).toBe(LIMIT - PROMPT - 500)
})

it('what waited for an engine, and never reached one, is given back', async () => {
  const { left, ask } = limited(hangs, 1)
  const first = new AbortController()
  const holding = ask({ max_tokens: 500, stream: true }, first.signal)
  await expect.poll(left).toBe(LIMIT - PROMPT - 500)
  const second = new AbortController()
  const waiting = ask({ max_tokens: 500, stream: true }, second.signal)
  await expect.poll(left).toBe(LIMIT - 2 * (PROMPT + 500))
  second.abort()
  await waiting.catch(() => {})
  await expect.poll(left).toBe(LIMIT - PROMPT - 500)
  first.abort()
  await holding.catch(() => {})
  await expect.poll(left).toBe(LIMIT - PROMPT)
})

it.each([
  [400, 'the engine refused', LIMIT],
  [429, 'was too busy for', LIMIT],
  [503, 'broke at', LIMIT - PROMPT],
])('of a request that failed with %d, which %s, so much is left', async (status, _how, rest) => {
  const { left, ask } = limited(() => {
    throw new ApiError(status, 'no', { code: 'own' })
  })
  expect((await ask({})).status).toBe(status)
  await expect.poll(left).toBe(rest)
})

it('a caller that has left before it is asked for anything pays nothing', async () => {
  const { left, ask } = limited(hangs)
  const signal = AbortSignal.abort()
  await ask({}, signal).catch(() => {})
  await expect.poll(left).toBe(LIMIT)
})

it.each([true, false])(
  'a long piece without usage is several tokens; streamed: %s',
  async (stream) => {
    const { left, ask } = limited(async function* () {
      yield 'x'.repeat(2_000)
    })
    await (await ask({ stream })).text()
    await expect.poll(left).toBe(LIMIT - PROMPT - 500)
  },
)
