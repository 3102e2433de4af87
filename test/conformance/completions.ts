import OpenAI, { APIError, BadRequestError } from 'openai'
import { describe, expect, it } from 'vitest'
import { END, postText, readText, TEXT, textChunk, WORDS, writing } from '../support/completions.ts'
import { errorScript } from '../support/personas/errors.ts'
import { expectError } from '../support/refusal.ts'
import { errorOf, logOf, nextFor, type Relay, sentFor, tag, useRelay } from '../support/relay.ts'
import { frame, type Script, type Step } from '../support/script.ts'
import { type HostName, startServer } from '../support/server.ts'
import { lostToSplitting } from '../support/splitting.ts'
import { closedPort, type RecordedRequest, startUpstream } from '../support/upstream.ts'

const staticText = 'Water finds its way.'
const usage = { stream_options: { include_usage: true } }

/** Two tokens, then an error in the middle of the stream. */
const broken: Script = {
  steps: [
    { chunk: textChunk('Half ') },
    { chunk: textChunk('a thought') },
    { chunk: { error: { message: 'CUDA out of memory', type: 'server_error', code: 500 } } },
  ],
}

/** A token every 50 ms for far longer than a test takes. */
const endless: Script = writing({
  repeat: 1_000,
  steps: [{ wait: 50 }, { chunk: textChunk(' on') }],
})

/** What a server says that has no such path. */
const NO_ROUTE: Script = {
  status: 404,
  headers: { 'content-type': 'application/json' },
  steps: [{ send: '{"detail":"Not Found"}' }],
}

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

function forwarded(relay: Relay): void {
  const ask = async (body: object) => {
    const tagged = tag(body)
    const response = await postText(relay.server.base, tagged)
    const read = await readText(response, body)
    const [sent] = sentFor(relay, tagged)
    return { read, sent, entry: await logOf(relay.server, response) }
  }

  it('are the same bytes, where there is nothing to repair', async () => {
    const steps: Step[] = [
      { send: 'data: {"id":"c","object":"text_completion","created":1,"model":"m",' },
      { send: '"choices":[{"index":0,"text":"H\\u00e9","logprobs":null, "finish_reason":null}],' },
      { send: '"own":1.0}\n\n' },
      ...END.map((step) => ('chunk' in step ? { chunk: { ...step.chunk, id: 'c' } } : step)),
    ]
    const { read, entry } = await ask({ script: { steps } })
    const sent = steps.map((step) =>
      'chunk' in step ? frame(step.chunk) : (step as { send: string }).send,
    )
    expect(read.raw).toBe(sent.join(''))
    expect(read).toMatchObject({ problems: [], texts: ['Hé'] })
    expect(entry).not.toHaveProperty('repaired')
  })

  it('are asked for with usage, which only the log sees unless it was asked for', async () => {
    for (const body of [{}, usage]) {
      const { read, sent, entry } = await ask(body)
      expect(read).toMatchObject({ problems: [], outcome: 'finished', texts: [TEXT] })
      expect(sent?.body).toMatchObject(usage)
      expect(entry).toMatchObject({ tokens: WORDS.length, promptTokens: 3, outcome: 'finished' })
      expect(entry).not.toHaveProperty('repaired')
    }
  })

  it('are asked for without where the server refuses that', async () => {
    const refuses = { ...errorScript('message_only'), status: 400 }
    relay.upstream.script = refuses
    const body = tag({ prompt: 'x' })
    const asking = postText(relay.server.base, body)
    await nextFor(relay, body)
    relay.upstream.script = undefined
    const read = await readText(await asking)
    expect(read).toMatchObject({ problems: [], texts: [TEXT] })
    expect(sentFor(relay, body).map((sent) => Boolean(fieldOf(sent, 'stream_options')))).toEqual([
      true,
      false,
    ])
  })

  it('carry every field, known and unknown', async () => {
    const body = {
      ...{ prompt: [[1, 2], [3]], suffix: 's', echo: false, best_of: 3, n: 2, logprobs: 5 },
      ...{ max_tokens: 9, stop: ['a', 'b'], seed: 2 ** 60, temperature: 0.5, top_p: 0.5 },
      ...{ presence_penalty: 1, frequency_penalty: -1, logit_bias: { 7: -100 }, user: 'u' },
      ...{ min_tokens: 3, guided_regex: 'x*' },
    }
    const { read, sent } = await ask(body)
    expect(read).toMatchObject({ problems: [], texts: [TEXT, TEXT, TEXT, TEXT] })
    expect(sent?.body).toMatchObject(body)
  })

  it.each([
    ['an empty finish_reason', 'finish_reason', textChunk('b', { finish_reason: '' })],
    ['a missing text', 'text', textChunk(undefined)],
    ['milliseconds', 'created', textChunk('b', {}, { created: 1_790_000_000_000 })],
    ['usage beside a text', 'usage', textChunk('b', {}, { usage: { total_tokens: 1 } })],
    ['no index', 'index', textChunk('b', { index: undefined })],
    ['another id', 'id', textChunk('b', {}, { id: 'x' })],
  ])('are repaired: %s', async (_, repaired, chunk) => {
    const { read, entry } = await ask({ script: writing('a', { chunk }) })
    expect(read).toMatchObject({ problems: [], outcome: 'finished' })
    expect(entry.repaired).toEqual([repaired])
  })

  it('are folded where a stream comes unasked', async () => {
    const script = { ...writing('a', 'b'), headers: { 'content-type': 'text/event-stream' } }
    const response = await postText(relay.server.base, { stream: false, script })
    expect(await response.json()).toMatchObject({
      object: 'text_completion',
      choices: [{ index: 0, text: 'ab', finish_reason: 'stop' }],
    })
    expect(await logOf(relay.server, response)).toMatchObject({ repaired: ['stream'] })
  })

  it('are heard to be alive before and between their tokens, which harms nobody', async () => {
    const script = {
      ...writing('One', { wait: 700 }, ' two', { wait: 500 }, ' three'),
      headersAfter: 500,
    }
    const { read } = await ask({ script })
    expect(read).toMatchObject({ problems: [], outcome: 'finished', texts: ['One two three'] })
    expect(read.pings.length).toBeGreaterThan(0)
    expect(read.chunks.filter(({ choices }) => choices?.[0]?.text === '').length).toBeGreaterThan(3)
    expect(lostToSplitting(read)).toBe(0)
  })
}

function fieldOf({ body }: RecordedRequest, field: string): unknown {
  return (body as Record<string, unknown> | undefined)?.[field]
}

function failures(relay: Relay): void {
  const text = (...steps: Step[]): Script => ({ steps: [{ chunk: textChunk('a') }, ...steps] })
  const DONE = { send: frame('[DONE]') }
  const whole = (body: object): Script => ({ steps: [{ send: JSON.stringify(body) }] })

  it.each<[string, Script, string, object?]>([
    ['by an error of their upstream', broken, 'upstream_error'],
    ['by an end without a finish', text(), 'upstream_truncated'],
    ['by a broken connection', text({ wait: 50 }, { reset: true }), 'upstream_truncated'],
    ['by [DONE] without a finish', text(DONE), 'upstream_incomplete'],
    [
      'by an aborted choice',
      text({ chunk: textChunk('', { finish_reason: 'abort' }) }),
      'engine_aborted',
    ],
    [
      'by a tool call',
      text({ chunk: textChunk('', { finish_reason: 'tool_calls' }) }),
      'upstream_invalid',
    ],
    [
      'by text after the finish',
      text(END[0] as Step, { chunk: textChunk('b') }, DONE),
      'upstream_invalid',
    ],
    [
      'by a choice nobody asked for',
      text({ chunk: textChunk('b', { index: 1 }) }),
      'upstream_invalid',
    ],
    [
      'by a chat',
      text({ chunk: textChunk(undefined, { delta: { content: 'b' } }) }),
      'upstream_invalid',
    ],
    ['by a prompt without an answer', writing('a'), 'upstream_incomplete', { prompt: ['x', 'y'] }],
  ])('%s', async (_, script, code, fields = {}) => {
    const body = tag({ script, ...fields })
    const response = await postText(relay.server.base, body)
    const read = await readText(response, body as { prompt?: unknown })
    expect(read).toMatchObject({ status: 200, outcome: 'failed', problems: [], error: { code } })
    expect(read.error?.message).toContain('gpu')
    expect(await logOf(relay.server, response)).toMatchObject({ outcome: 'failed', code })
  })

  it.each<[string, object, string]>([
    ['without choices', { choices: [] }, 'upstream_incomplete'],
    ['without a finish', { choices: [{ index: 0, text: 'a' }] }, 'upstream_incomplete'],
    ['with an error for an answer', { error: 'busy' }, 'upstream_error'],
    ['with a chat', { choices: [{ message: {}, finish_reason: 'stop' }] }, 'upstream_invalid'],
  ])('whole, %s', async (_, answer, code) => {
    const body = { stream: false, script: whole(answer) }
    const error = await expectError(await postText(relay.server.base, body), 502)
    expect(error).toMatchObject({ code })
  })
}

function refusals(relay: Relay): void {
  it.each([
    ['prompt', {}, 'got undefined (missing)'],
    ['prompt', { prompt: [] }, 'an empty array'],
    ['prompt[1]', { prompt: [[1], []] }, 'a non-empty array, got an empty array'],
    ['prompt[1]', { prompt: ['a', 1] }, 'a string or a non-empty array, got 1'],
    ['prompt[1]', { prompt: [1, 'a'] }, 'an integer of at least 0, got "a"'],
    ['prompt', { prompt: Array(5_001).fill('a') }, 'at most 5000, got 5001; --max-messages'],
    ['n', { prompt: Array(500).fill('a'), n: 100 }, 'at most 5000, got 50000 in all'],
    ['n', { prompt: 'a', n: 129 }, 'from 1 to 128, got 129'],
    ['best_of', { prompt: 'a', n: 3, best_of: 2 }, 'at least n, which is 3, got 2'],
    ['logprobs', { prompt: 'a', logprobs: true }, 'an integer of at least 0'],
    ['echo', { prompt: 'a', echo: 'yes' }, 'true or false'],
    ['suffix', { prompt: 'a', suffix: 1 }, 'a string'],
    ['max_tokens', { prompt: 'a', max_tokens: -2 }, 'at least -1'],
    ['temperature', { prompt: 'a', temperature: 3 }, 'from 0 to 2'],
    ['stop[0]', { prompt: 'a', stop: [1] }, 'a string'],
    ['logit_bias["1"]', { prompt: 'a', logit_bias: { 1: 101 } }, 'from -100 to 100'],
    ['stream_options.include_usage', { prompt: 'a', stream_options: { include_usage: 1 } }, 'true'],
  ])('by their field: %s %j', async (param, body, told) => {
    // The rest is an upstream's to judge.
    const isRelied = /^(n|stream_options.*)$/.test(param) || told.startsWith('at most 5000')
    for (const model of isRelied ? ['m', 'static'] : ['static']) {
      const response = await fetch(`${relay.server.base}/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ model, ...body }),
      })
      const error = await expectError(response, 400)
      expect(error.param).toBe(param)
      expect(error.message).toContain(told)
    }
  })

  it('by the upstream, in its words', async () => {
    const script: Script = {
      status: 400,
      headers: { 'content-type': 'application/json' },
      steps: [{ send: JSON.stringify({ error: { message: 'suffix is not supported' } }) }],
    }
    const error = await expectError(await postText(relay.server.base, { script }), 400)
    expect(error.message).toBe('suffix is not supported')
  })

  it('where the upstream has no such thing, with what to do', async () => {
    const error = await expectError(await postText(relay.server.base, { script: NO_ROUTE }), 404)
    expect(error).toMatchObject({ code: 'model_not_capable', param: 'model' })
    expect(error.message).toBe(
      'model: gpu does not offer POST /v1/completions; send it a chat request, at POST /v1/chat/completions.',
    )
  })

  it('for another method than POST', async () => {
    await expectError(await fetch(`${relay.server.base}/completions`), 405)
  })
}

function leaving(relay: Relay): void {
  it('where the client hangs up', async () => {
    const body = tag({ script: endless })
    const control = new AbortController()
    const response = await postText(relay.server.base, body, { signal: control.signal })
    const sent = await nextFor(relay, body)
    await readText(response, body as object, {
      onEvent: (_, count) => {
        if (count === 3) control.abort()
        return undefined
      },
    })
    await sent.closedWithin(1_500)
    const entry = await relay.server.nextLog(({ outcome }) => outcome === 'cancelled')
    expect(entry).toMatchObject({ path: '/v1/completions', engine: 'gpu' })
  })
}

function late(host: HostName): void {
  const limits = ['--answer-timeout', '600ms', '--first-token-timeout', '800ms']
  const flags = [...limits, '--token-timeout', '1s', '--heartbeat', '100ms']
  const relay = useRelay(host, { flags: [...flags, '--header-wait', '100ms'] })

  it.each<[string, Script]>([
    ['answer_timeout', { headersAfter: 'never', steps: [] }],
    ['first_token_timeout', { steps: [{ chunk: textChunk('') }, { hang: true }] }],
    ['token_timeout', { steps: [{ chunk: textChunk('a') }, { hang: true }] }],
  ])('end with %s', async (code, script) => {
    const body = tag({ script })
    const read = await readText(await postText(relay.server.base, body))
    expect(read).toMatchObject({ outcome: 'failed', problems: [], error: { code } })
    expect(lostToSplitting(read)).toBe(0)
    await (await nextFor(relay, body)).closedWithin(1_000)
  })

  it('whole, end with its status', async () => {
    const body = { stream: false, script: { headersAfter: 'never', steps: [] } }
    const response = await postText(relay.server.base, body)
    expect(response.status).toBe(504)
    expect(await errorOf(response)).toMatchObject({ code: 'answer_timeout' })
  })
}

/** `script`: what the first upstream answers; nothing listens where it is undefined. */
async function elsewhere(host: HostName, script: Script | undefined): Promise<void> {
  const models = [{ id: 'm' }] as never
  const a = script && (await startUpstream({ models, script }))
  const b = await startUpstream({ models })
  await using server = await startServer(host, [
    ...['--upstream', `a=${a?.url ?? `http://127.0.0.1:${await closedPort()}/v1`}`],
    ...['--upstream', `b=${b.url}`],
  ])
  try {
    const response = await postText(server.base, {})
    const read = await readText(response)
    expect(read).toMatchObject({ outcome: 'finished', problems: [], texts: [TEXT] })
    expect(await logOf(server, response)).toMatchObject({ engine: 'b' })
  } finally {
    await Promise.all([a?.close(), b.close()])
  }
}
