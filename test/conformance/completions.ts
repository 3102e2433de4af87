import OpenAI, { APIError, BadRequestError } from 'openai'
import { describe, expect, it } from 'vitest'
import { postText, readText, TEXT, WORDS } from '../support/completions.ts'
import { errorScript } from '../support/personas/errors.ts'
import { expectError } from '../support/refusal.ts'
import { nextFor, type Relay, tag, useRelay } from '../support/relay.ts'
import type { Script } from '../support/script.ts'
import type { HostName } from '../support/server.ts'
import { elsewhere, failures, late, leaving, NO_ROUTE, refusals } from './completions-failures.ts'
import { forwarded } from './completions-forwarded.ts'
import { broken, endless, staticText, usage } from './completions-scripts.ts'

/** `POST /v1/completions`. */
export function completions(host: HostName): void {
  const relay = useRelay(host, {
    flags: [
      ...['--static-delay', '0', '--static-text', staticText],
      ...['--heartbeat', '200ms', '--header-wait', '100ms'],
      ...['--finish-reason', 'required'],
    ],
  })
  describe('by the openai SDK', () => sdk(relay))
  describe('of a fixed text', () => fixed(relay))
  describe('of an upstream', () => forwarded(relay))
  describe('that fail', () => failures(relay))
  describe('are refused', () => refusals(relay))
  describe('stop their engine', () => leaving(relay))
  describe('that are late', () => late(host))
  it.each<[string, Script | undefined]>([
    ['can not be reached', undefined],
    ['has no such thing', NO_ROUTE],
    ['fails', errorScript('message_only')],
  ])('go on at another upstream where one %s', (_, script) => elsewhere(host, script))
}

function clientOf(relay: Relay): OpenAI {
  return new OpenAI({ apiKey: 'none', baseURL: relay.server.base, maxRetries: 0 })
}

function sdk(relay: Relay): void {
  const models: [string, string][] = [
    ['static', staticText],
    ['m', TEXT],
  ]

  it.each(models)('stream from %s', async (model, text) => {
    const stream = await clientOf(relay).completions.create({
      ...{ model, prompt: 'Go.', stream: true },
      ...usage,
    })
    let said = ''
    const finishes: string[] = []
    let tokens: number | undefined
    for await (const { choices, usage } of stream) {
      said += choices[0]?.text ?? ''
      if (choices[0]?.finish_reason) finishes.push(choices[0].finish_reason)
      tokens = usage?.completion_tokens ?? tokens
    }
    expect(said).toBe(text)
    expect(finishes).toEqual(['stop'])
    expect(tokens).toBeGreaterThan(3)
  })

  it.each(models)('come whole from %s', async (model, text) => {
    const answer = await clientOf(relay).completions.create({ model, prompt: 'Go.' })
    expect(answer.object).toBe('text_completion')
    expect(answer.choices).toEqual([{ index: 0, text, logprobs: null, finish_reason: 'stop' }])
    expect(answer.usage?.completion_tokens).toBeGreaterThan(3)
  })

  it.each(models)('echo, n and several prompts, from %s', async (model, text) => {
    const asked = { model, prompt: ['One, ', 'two, '], n: 2, echo: true }
    const expected = [`One, ${text}`, `One, ${text}`, `two, ${text}`, `two, ${text}`]
    const { choices } = await clientOf(relay).completions.create(asked)
    expect(choices.map(({ index }) => index)).toEqual([0, 1, 2, 3])
    expect(choices.map(({ text }) => text)).toEqual(expected)
    const texts: string[] = []
    const ends: number[] = []
    const stream = await clientOf(relay).completions.create({ ...asked, stream: true })
    for await (const { choices } of stream) {
      for (const { index, text, finish_reason } of choices) {
        texts[index] = (texts[index] ?? '') + text
        if (finish_reason) ends.push(index)
      }
    }
    expect(texts).toEqual(expected)
    expect(ends.sort()).toEqual([0, 1, 2, 3])
  })

  it.each(models)('go on from tokens, from %s', async (model, text) => {
    const tokens = [[1, 2], [3]]
    const one = await clientOf(relay).completions.create({ model, prompt: [1, 2, 3] })
    expect(one.choices.map(({ text }) => text)).toEqual([text])
    const two = await clientOf(relay).completions.create({ model, prompt: tokens })
    expect(two.choices.map(({ text }) => text)).toEqual([text, text])
    expect(two.usage?.completion_tokens).toBe((one.usage?.completion_tokens ?? 0) * 2)
  })

  it('bring the log probabilities of an upstream', async () => {
    const asked = { model: 'm', prompt: 'Go.', logprobs: 1 }
    const { choices } = await clientOf(relay).completions.create(asked)
    expect(choices[0]?.logprobs?.tokens).toEqual(WORDS)
    const stream = await clientOf(relay).completions.create({ ...asked, stream: true })
    const tokens: string[] = []
    for await (const { choices } of stream) tokens.push(...(choices[0]?.logprobs?.tokens ?? []))
    expect(tokens).toEqual(WORDS)
  })

  it('raise BadRequestError with the field', async () => {
    const asked = clientOf(relay).completions.create({ model: 'm', prompt: 'Go.', n: 0 })
    const error = await asked.catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(BadRequestError)
    expect(error).toMatchObject({ status: 400, param: 'n', code: 'invalid_value' })
  })

  it('raise APIError for an error inside a stream, after what came before it', async () => {
    const body = { model: 'm', prompt: 'Go.', stream: true as const, script: broken }
    const stream = await clientOf(relay).completions.create(body)
    let said = ''
    const read = async () => {
      for await (const chunk of stream) said += chunk.choices[0]?.text ?? ''
    }
    const error = await read().catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(APIError)
    expect((error as APIError).message).toContain('CUDA out of memory')
    expect(said).toBe('Half a thought')
  })

  it('stop the upstream where the stream is aborted, or left by break', async () => {
    for (const how of ['abort', 'break']) {
      const body = tag({ model: 'm', prompt: 'Go.', stream: true as const, script: endless })
      const stream = await clientOf(relay).completions.create(body)
      const request = await nextFor(relay, body)
      let count = 0
      for await (const _ of stream) {
        if (++count < 3) continue
        if (how === 'break') break
        stream.controller.abort()
      }
      await request.closedWithin(1_500)
    }
  })
}

/** The engine that sends a fixed text, and through it the form of every stream. */
function fixed(relay: Relay): void {
  const ask = (body: object) => postText(relay.server.base, { model: 'static', ...body })
  const words = staticText.match(/\s*\S+/g) ?? []

  it('are exactly the frames of a text completion', async () => {
    const read = await readText(await ask(usage), usage)
    expect(read.problems).toEqual([])
    const { id, created } = read.chunks[0] ?? {}
    expect(id).toMatch(/^cmpl-[\w-]{8,}$/)
    const chunk = (text: string, finish_reason: string | null = null) => {
      const choices = [{ index: 0, text, logprobs: null, finish_reason }]
      return { id, object: 'text_completion', created, model: 'static', choices }
    }
    const counted = { prompt_tokens: 1, completion_tokens: 4, total_tokens: 5 }
    expect(read.chunks).toStrictEqual([
      ...words.map((word) => chunk(word)),
      chunk('', 'stop'),
      { ...chunk(''), choices: [], usage: counted },
    ])
    expect(read.raw.endsWith('}\n\ndata: [DONE]\n\n')).toBe(true)
  })

  it.each([
    [{ max_tokens: 2 }, 'Water finds', 'length'],
    [{ max_tokens: 0, echo: true }, 'Go.', 'length'],
    [{ stop: ' its' }, 'Water finds', 'stop'],
    [{ suffix: '', best_of: 2, logprobs: null, user: 'u' }, staticText, 'stop'],
  ])('obey %j', async (body, text, finish) => {
    const read = await readText(await ask(body))
    expect(read).toMatchObject({ problems: [], texts: [text], finish: { 0: finish } })
    const whole = await (await ask({ ...body, stream: false })).json()
    expect(whole).toMatchObject({ choices: [{ text, finish_reason: finish }] })
  })

  it.each([
    ['suffix', { suffix: 'x' }],
    ['logprobs', { logprobs: 0 }],
    ['echo', { echo: true, prompt: [[1], [2]] }],
  ])('are refused where a fixed text cannot honour them: %s', async (param, body) => {
    const error = await expectError(await ask(body), 400)
    expect(error.param).toBe(param)
    expect(error.message).toContain('fixed text')
  })
}
