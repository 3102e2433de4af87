import { expect, it } from 'vitest'
import { END, postText, readText, TEXT, textChunk, writing } from '../support/completions.ts'
import { expectError } from '../support/refusal.ts'
import { errorOf, logOf, nextFor, type Relay, tag, useRelay } from '../support/relay.ts'
import { frame, type Script, type Step } from '../support/script.ts'
import { type HostName, startServer } from '../support/server.ts'
import { lostToSplitting } from '../support/splitting.ts'
import { closedPort, startUpstream } from '../support/upstream.ts'
import { broken, endless } from './completions-scripts.ts'

/** What a server says that has no such path. */
export const NO_ROUTE: Script = {
  status: 404,
  headers: { 'content-type': 'application/json' },
  steps: [{ send: '{"detail":"Not Found"}' }],
}

export function failures(relay: Relay): void {
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

export function refusals(relay: Relay): void {
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

export function leaving(relay: Relay): void {
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

export function late(host: HostName): void {
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
export async function elsewhere(host: HostName, script: Script | undefined): Promise<void> {
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
