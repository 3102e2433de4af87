import { describe, expect, it } from 'vitest'
import { expectError } from '../support/refusal.ts'
import { errorOf, logOf, nextFor, type Relay, sentFor, tag, useRelay } from '../support/relay.ts'
import { lintResponse, postResponses, readResponsesStream } from '../support/responses.ts'
import type { Script } from '../support/script.ts'
import type { HostName } from '../support/server.ts'
import { pace, talk, token } from '../support/talk.ts'
import { type Fields, flags, full, HEARTBEAT } from './responses-asking.ts'
import { background, readUntil } from './responses-background.ts'
import { kept } from './responses-stored.ts'

/** OpenAI's Responses API, told by sluice of an upstream that speaks chat completions. */
export function responses(host: HostName): void {
  describe('told', () => told(useRelay(host, { flags })))
  describe('kept', () => kept(host, useRelay(host, { flags })))
  describe('that fails', () => failing(host))
  describe('in the background', () => background(host))
}

function told(relay: Relay): void {
  const stream = async (body: Fields) =>
    readResponsesStream(await postResponses(relay.server.base, body))

  it('streams reasoning, text and parallel calls', async () => {
    const read = await stream({ script: full })
    expect(read.problems).toEqual([])
    expect(read).toMatchObject({
      outcome: 'completed',
      reasoning: 'Hm. Well.',
      text: 'It is so.',
      calls: [
        { name: 'weather', arguments: '{"city":"Paris"}' },
        { name: 'weather', arguments: '{"city":"Rome"}' },
      ],
    })
    expect(read.usage?.total_tokens).toBeGreaterThan(5)
    const { output } = read.response as { output: { type: string }[] }
    const types = ['reasoning', 'message', 'function_call', 'function_call']
    expect(output.map(({ type }) => type)).toEqual(types)
  })

  it('gives the same whole', async () => {
    const response = await postResponses(relay.server.base, { stream: false, script: full })
    expect(response.status).toBe(200)
    const value = (await response.json()) as { output: { type: string }[]; status: string }
    expect(lintResponse(value)).toEqual([])
    expect(value.status).toBe('completed')
    const types = ['reasoning', 'message', 'function_call', 'function_call']
    expect(value.output.map(({ type }) => type)).toEqual(types)
  })

  it('is incomplete where the tokens did not suffice', async () => {
    const script = { persona: 'vllm', words: ['It'], finish: 'length' }
    const read = await stream({ script, max_output_tokens: 1 })
    expect(read).toMatchObject({ problems: [], outcome: 'incomplete', text: 'It' })
    expect(read.response?.incomplete_details).toEqual({ reason: 'max_output_tokens' })
  })

  it('asks for what was asked for', async () => {
    const body = tag({
      instructions: 'Be brief.',
      input: [{ role: 'user', content: [{ type: 'input_text', text: 'Go.' }] }],
      max_output_tokens: 5,
      reasoning: { effort: 'low' },
      text: { format: { type: 'json_schema', name: 'a', schema: { type: 'object' } } },
      tools: [{ type: 'function', name: 'f', parameters: { type: 'object' } }],
    })
    await stream(body)
    expect(sentFor(relay, body)[0]?.body).toMatchObject({
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Go.' },
      ],
      max_tokens: 5,
      reasoning_effort: 'low',
      response_format: { type: 'json_schema', json_schema: { name: 'a' } },
      tools: [{ type: 'function', function: { name: 'f' } }],
    })
  })

  it('shows a sign of life before the engine speaks, and between its tokens', async () => {
    const script = talk({ wait: 6 * HEARTBEAT }, 'tok', { wait: 6 * HEARTBEAT }, 'tok')
    const read = await stream({ script })
    expect(read).toMatchObject({ problems: [], outcome: 'completed', text: 'toktok' })
    const types = read.events.map(({ type }) => type)
    const beats = types.filter((type) => type === 'response.in_progress')
    expect(beats.length).toBeGreaterThan(1)
    // Between tokens a repeated state would be read as all of the output there is.
    const said = read.events.filter(({ type }) => type === 'response.output_text.delta')
    expect(said.filter(({ delta }) => delta === '').length).toBeGreaterThan(0)
    expect(types.lastIndexOf('response.in_progress')).toBeLessThan(
      types.indexOf('response.output_item.added'),
    )
  })

  it('stops the engine when its client leaves, and is then cancelled', async () => {
    const body = tag({ script: pace(2_000, 20) })
    const control = new AbortController()
    const { signal } = control
    const response = await postResponses(relay.server.base, body, { signal })
    const upstream = await nextFor(relay, body)
    const { id } = await readUntil(response, /output_text\.delta/)
    control.abort()
    await upstream.closedWithin(1_500)
    const entry = await logOf(relay.server, response)
    expect(entry).toMatchObject({ path: '/v1/responses', outcome: 'cancelled', engine: 'gpu' })
    const found = await fetch(`${relay.server.base}/responses/${id}`)
    expect(await found.json()).toMatchObject({ id, status: 'cancelled', error: null })
  })

  it('refuses what no chat can do, and asks no engine', async () => {
    const refuse = async (body: object, param: string) => {
      const tagged = tag(body)
      const error = await expectError(await postResponses(relay.server.base, tagged), 400)
      expect(error.param).toBe(param)
      expect(sentFor(relay, tagged)).toEqual([])
    }
    await refuse({ tools: [{ type: 'web_search' }], tool_choice: 'required' }, 'tool_choice')
    await refuse({ conversation: 'conv_1' }, 'conversation')
    await refuse({ input: [{ type: 'web_search_call', id: 'a' }] }, 'input')
    await refuse({ truncation: 'some' }, 'truncation')
    await refuse({ temperature: 'hot' }, 'temperature')
    await refuse({ input: [] }, 'input')
  })
}

function failing(host: HostName): void {
  const timeouts = ['--first-token-timeout', '500ms', '--token-timeout', '600ms']
  const relay = useRelay(host, { flags: [...flags, ...timeouts] })
  const stream = async (script: Script) => {
    const response = await postResponses(relay.server.base, { script })
    expect(response.status).toBe(200)
    const read = await readResponsesStream(response)
    expect(read).toMatchObject({ problems: [], outcome: 'failed' })
    return { read, entry: await logOf(relay.server, response) }
  }

  it.each<[string, Script, string]>([
    [
      'breaks off',
      { steps: [{ send: token('Half') }, { wait: 50 }, { cut: true }] },
      'upstream_truncated',
    ],
    [
      'sends an error',
      { steps: [{ send: token('Half') }, { chunk: { error: { message: 'CUDA', code: 500 } } }] },
      'upstream_error',
    ],
    ['falls silent', { steps: [{ send: token('Half') }, { hang: true }] }, 'token_timeout'],
  ])('where the engine %s after its first token', async (_, script, code) => {
    const { read, entry } = await stream(script)
    expect(read.text).toBe('Half')
    expect(String(read.error?.code)).toBe(code)
    expect(read.response?.output).toMatchObject([{ type: 'message', status: 'incomplete' }])
    expect(entry.outcome).toBe('failed')
  })

  it('where the engine sends no token at all', async () => {
    const { read } = await stream({ steps: [{ hang: true }] })
    expect(read.error?.code).toBe('first_token_timeout')
    expect(read.response?.output).toEqual([])
  })

  it('by a status where nothing was sent yet', async () => {
    const body = { script: { persona: 'vllm', error: 'context_length' } }
    for (const stream of [true, false]) {
      const response = await postResponses(relay.server.base, { ...body, stream })
      expect(response.status).toBe(400)
      expect((await errorOf(response)).message).toContain('maximum context length')
    }
  })

  it('whole, by a status', async () => {
    const script = { headers: { 'content-type': 'text/html' }, steps: [{ send: '<html>' }] }
    const response = await postResponses(relay.server.base, { stream: false, script })
    expect((await expectError(response, 502)).code).toBe('upstream_invalid')
  })
}
