import { expect, it } from 'vitest'
import { defineEngine } from '../../../src/engines/custom/define-engine.ts'
import { createHandler } from '../../../src/handler.ts'
import { ApiError } from '../../../src/wire/errors/api-error.ts'
import { levelsIn, limitsAt } from '../../support/limits.ts'

const LIMIT = 10_000

type Chat = Parameters<typeof defineEngine>[0]['chat']

/** A handler whose callers have `LIMIT` tokens a minute, on a clock of its own. */
function limited(chat: Chat, maxConcurrency?: number) {
  const clock = { now: 0 }
  const limits = limitsAt(() => clock.now)
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
  const left = () => levelsIn(limits, 'ann', { tokensPerMinute: LIMIT }).tokens?.remaining ?? -1
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
  // The first was answered by nothing yet, and is charged by its time.
  await expect.poll(left).toBeGreaterThan(LIMIT - PROMPT - 500)
  expect(left()).toBeLessThan(LIMIT - PROMPT)
})

it('a stream that sent nothing is charged by its time, where the client leaves', async () => {
  const { left, ask } = limited(hangs)
  const streams = [50, 500].map(async (ms) => {
    const leaving = new AbortController()
    const asking = ask({ max_tokens: 20, stream: true, messages: user('') }, leaving.signal)
    await new Promise((resolve) => setTimeout(resolve, ms))
    leaving.abort()
    await asking.catch(() => {})
  })
  await Promise.all(streams)
  // Two prompts of four tokens, all of the 20 that the longer one reserved, and some of the shorter one.
  await expect.poll(left).toBeLessThanOrEqual(LIMIT - 8 - 20 - 4)
  expect(left()).toBeGreaterThanOrEqual(LIMIT - 48)
})

const answers = (prompt_tokens: number, completion_tokens: number) =>
  limited(async function* () {
    yield 'Yes.'
    return { usage: { prompt_tokens, completion_tokens } }
  })

it.each([
  ['its upstream adds to the prompt', 60_000, 50, 60_050],
  ['its model thinks unseen', 10, 20_000, 20_010],
  ['a count says of the prompt, up to a bound', 1e8, 50, 131_172],
  ['a count says of the answer, up to a bound', 10, 1e8, 32_780],
])('a request is charged what %s', async (_what, prompt, answer, charged) => {
  const { clock, left, ask } = answers(prompt, answer)
  await (await ask({ messages: user('hi') })).text()
  await expect.poll(left).toBe(0)
  // The debt is paid by the time that its tokens take.
  clock.now += ((charged - LIMIT) * 60_000) / LIMIT - 1_000
  expect(left()).toBe(0)
  clock.now += 180_000
  expect(left()).toBeGreaterThan(0)
})

it('media that are only estimated reserve no more than a minute’s tokens', async () => {
  const { left, ask } = answers(4_000, 50)
  const url = `data:video/mp4;base64,${'A'.repeat(5_000_000)}`
  const video = user(Array(3).fill({ type: 'video_url', video_url: { url } }))
  const response = await ask({ messages: video, max_tokens: 50 })
  expect(response.status).toBe(200)
  expect(response.headers.get('x-ratelimit-remaining-tokens')).toBe('0')
  await response.text()
  await expect.poll(left).toBe(LIMIT - 4_050)
})

it('and are charged no more where nobody counts them', async () => {
  const { clock, left, ask } = limited(async function* () {
    yield 'Yes.'
  })
  const url = `data:video/mp4;base64,${'A'.repeat(5_000_000)}`
  const video = user(Array(3).fill({ type: 'video_url', video_url: { url } }))
  await (await ask({ messages: video, max_tokens: 50 })).text()
  await expect.poll(left).toBe(0)
  clock.now += 30_000
  expect(left()).toBeGreaterThan(LIMIT / 2 - 200)
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

it.each([true, false])('other scripts have the same measure; streamed: %s', async (stream) => {
  const { left, ask } = limited(async function* () {
    yield '語'.repeat(400)
  })
  await (await ask({ stream })).text()
  await expect.poll(left).toBe(LIMIT - PROMPT - 300)
})
