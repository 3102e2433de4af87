import { createHash } from 'node:crypto'
import { mkdtempDisposable, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { can, needs } from '../support/hosts.ts'
import { expectError } from '../support/refusal.ts'
import { errorOf, logOf, nextFor, type Relay, sentFor, tag, useRelay } from '../support/relay.ts'
import {
  lintResponse,
  postResponses,
  type ResponsesRead,
  readResponses,
  readResponsesStream,
} from '../support/responses.ts'
import type { Script, Scripted } from '../support/script.ts'
import { type HostName, startServer } from '../support/server.ts'
import { pace, talk, token } from '../support/talk.ts'

type Fields = Record<string, unknown>

const HEARTBEAT = 100

const flags = ['--heartbeat', `${HEARTBEAT}ms`, '--header-wait', '100ms']

const full: Scripted = {
  persona: 'vllm',
  reasoning: ['Hm.', 'Well.'],
  words: ['It', 'is', 'so.'],
  toolCalls: [
    { name: 'weather', arguments: ['{"city"', ':"Paris"', '}'] },
    { name: 'weather', arguments: ['{"city":', '"Rome"}'] },
  ],
}

/** OpenAI's Responses API, told by sluice of an upstream that speaks chat completions. */
export function responses(host: HostName): void {
  const hasBackground = can(host, 'waking')

  describe('told', () => told(useRelay(host, { flags })))
  describe('kept', () => kept(host, useRelay(host, { flags })))
  describe('that fails', () => failing(host))
  describe.runIf(hasBackground)('in the background', () => background(host))
  describe.skipIf(hasBackground)('in the background', () => isolated(useRelay(host, { flags })))
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

interface Answer extends Fields {
  id: string
  output: { id: string; type: string }[]
}

async function ask(relay: Relay, body: Fields): Promise<Answer> {
  const response = await postResponses(relay.server.base, { stream: false, ...body })
  expect(response.status, await response.clone().text()).toBe(200)
  return (await response.json()) as Answer
}

function kept(host: HostName, relay: Relay): void {
  const url = (path: string) => `${relay.server.base}/responses/${path}`

  it('goes on from a response, without its instructions', async () => {
    const said = { persona: 'vllm', words: ['Blue.'] }
    const first = await ask(relay, { instructions: 'Be kind.', input: 'Colour?', script: said })
    const body = tag({ input: 'Sure?', previous_response_id: first.id, script: said })
    const second = await ask(relay, body)
    expect(sentFor(relay, body)[0]?.body).toMatchObject({
      messages: [
        { role: 'user', content: 'Colour?' },
        { role: 'assistant', content: 'Blue.' },
        { role: 'user', content: 'Sure?' },
      ],
    })
    expect(second.previous_response_id).toBe(first.id)
    // What it was asked with stays its own, whatever becomes of the first.
    expect((await fetch(url(first.id), { method: 'DELETE' })).status).toBe(200)
    const third = tag({ input: 'Yes?', previous_response_id: second.id, script: said })
    await ask(relay, third)
    const sent = sentFor(relay, third)[0]?.body as { messages: unknown[] }
    expect(sent.messages).toHaveLength(5)
  })

  it('is found as it was told, and streamed ones too', async () => {
    const whole = await ask(relay, { script: full })
    expect(await (await fetch(url(whole.id))).json()).toEqual(whole)
    const read = await readResponsesStream(await postResponses(relay.server.base, { script: full }))
    const found = await fetch(url(String(read.response?.id)))
    expect(await found.json()).toEqual(read.response)
  })

  it('may refer to its items', async () => {
    const { output } = await ask(relay, { script: full })
    const references = output.slice(0, 2).map(({ id }) => ({ type: 'item_reference', id }))
    const body = tag({ input: [...references, { role: 'user', content: 'And?' }], script: full })
    await ask(relay, body)
    expect(sentFor(relay, body)[0]?.body).toMatchObject({
      messages: [
        { role: 'assistant', content: 'It is so.', reasoning_content: 'Hm. Well.' },
        { role: 'user', content: 'And?' },
      ],
    })
    const unknown = { input: [{ type: 'item_reference', id: 'msg_nobody' }] }
    const error = await expectError(await postResponses(relay.server.base, unknown), 404)
    expect(error).toMatchObject({ code: 'item_not_found', param: 'input[0].id' })
  })

  it('is not kept where nobody wants it kept, and gone when it is deleted', async () => {
    const script = { persona: 'vllm', words: ['Hi.'] }
    const unkept = await ask(relay, { store: false, script })
    await expectError(await fetch(url(unkept.id)), 404)
    const body = { previous_response_id: unkept.id }
    const error = await expectError(await postResponses(relay.server.base, body), 400)
    expect(error).toMatchObject({
      code: 'previous_response_not_found',
      param: 'previous_response_id',
    })
    const { id } = await ask(relay, { script })
    const deleted = await fetch(url(id), { method: 'DELETE' })
    expect(await deleted.json()).toEqual({ id, object: 'response', deleted: true })
    await expectError(await fetch(url(id)), 404)
    await expectError(await fetch(url(id), { method: 'DELETE' }), 404)
  })

  it('lists what it was asked with, in pages', async () => {
    const input = ['one', 'two', 'three'].map((content) => ({ role: 'user', content }))
    const { id } = await ask(relay, { input, script: full })
    const list = async (query: string) =>
      (await (await fetch(url(`${id}/input_items${query}`))).json()) as {
        data: { id: string; content: { text: string }[] }[]
        has_more: boolean
        last_id: string
      }
    const texts = ({ data }: Awaited<ReturnType<typeof list>>) =>
      data.map(({ content }) => content[0]?.text)
    expect(texts(await list(''))).toEqual(['three', 'two', 'one'])
    const first = await list('?order=asc&limit=2')
    expect(texts(first)).toEqual(['one', 'two'])
    expect(first.has_more).toBe(true)
    const rest = await list(`?order=asc&limit=2&after=${first.last_id}`)
    expect(texts(rest)).toEqual(['three'])
    expect(rest.has_more).toBe(false)
    for (const query of ['?limit=0', '?order=up', '?after=nobody']) {
      await expectError(await fetch(url(`${id}/input_items${query}`)), 400)
    }
  })

  it('is cancelled by its connection alone', async () => {
    const { id } = await ask(relay, { script: full })
    const error = await expectError(await fetch(url(`${id}/cancel`), { method: 'POST' }), 400)
    expect(error.code).toBe('not_background')
    await expectError(await fetch(url('resp_nobody/cancel'), { method: 'POST' }), 404)
    await expectError(await fetch(url(`${id}?stream=true`)), 400)
  })

  // Not on workerd: there the settings' successor is a process of its own.
  it('is kept when settings change', needs(host, 'process', 'reloading'), async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'sluice-responses-'))
    const path = join(folder.path, 'sluice.json')
    await writeFile(path, JSON.stringify({ staticDelay: 0 }))
    await using server = await startServer(host, ['--config', path])
    const asked = await postResponses(server.base, { model: 'static', stream: false })
    const { id } = (await asked.json()) as Answer
    await writeFile(path, JSON.stringify({ staticDelay: 1 }))
    await server.untilStderr('are in force')
    expect((await fetch(`${server.base}/responses/${id}`)).status).toBe(200)
  })

  describe('by whom', () => {
    const keys = ['alice', 'bob'].map((name) => ({
      name,
      hash: `sha256:${createHash('sha256').update(`key-of-${name}`).digest('hex')}`,
    }))
    const guarded = useRelay(host, { env: { SLUICE_KEYS: JSON.stringify(keys) } })
    const as = (name: string) => ({ headers: { authorization: `Bearer key-of-${name}` } })

    it('is found by who asked, and by nobody else', async () => {
      const body = { stream: false, script: full }
      const asked = await postResponses(guarded.server.base, body, as('alice'))
      const { id, output } = (await asked.json()) as Answer
      const at = `${guarded.server.base}/responses/${id}`
      expect((await fetch(at, as('alice'))).status).toBe(200)
      await expectError(await fetch(at, as('bob')), 404)
      await expectError(await fetch(`${at}/input_items`, as('bob')), 404)
      await expectError(await fetch(at, { method: 'DELETE', ...as('bob') }), 404)
      const more = { previous_response_id: id }
      await expectError(await postResponses(guarded.server.base, more, as('bob')), 400)
      const input = [{ type: 'item_reference', id: output[0]?.id }]
      await expectError(await postResponses(guarded.server.base, { input }, as('bob')), 404)
      expect((await fetch(at, as('alice'))).status).toBe(200)
    })
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

function background(host: HostName): void {
  const relay = useRelay(host, { flags })
  const url = (path: string) => `${relay.server.base}/responses/${path}`
  const start = async (body: Fields) => {
    const response = await postResponses(relay.server.base, { background: true, ...body })
    expect(response.status).toBe(200)
    return response
  }
  const poll = async (id: string, status: string): Promise<Answer> => {
    for (let tries = 0; tries < 200; tries++) {
      const found = (await (await fetch(url(id))).json()) as Answer
      if (found.status === status) return found
      await sleep(25)
    }
    throw new Error(`${id} never was ${status}`)
  }

  it('answers at once, and is completed without anybody listening', async () => {
    const script = talk({ wait: 300 }, 'tok', 'tok')
    const response = await start({ stream: false, script })
    const queued = (await response.json()) as Answer
    expect(queued).toMatchObject({ status: 'queued', background: true, output: [] })
    const done = await poll(queued.id, 'completed')
    expect(lintResponse(done)).toEqual([])
    expect(JSON.stringify(done.output)).toContain('"toktok"')
    expect((await logOf(relay.server, response)).outcome).toBe('finished')
  })

  it('is told to each who follows it, from wherever he left', async () => {
    const body = tag({ script: pace(20, 20) })
    const response = await start(body)
    const begun = await readUntil(response, /output_text\.delta/)
    await begun.leave()
    const { id } = begun
    const begin = begun.soFar()
    const last = Number(begin.events.at(-1)?.sequence_number)
    const follow = async (query: string, first: number): Promise<ResponsesRead> =>
      readResponsesStream(await fetch(url(`${id}?stream=true${query}`)), first)
    const [rest, all] = await Promise.all([
      follow(`&starting_after=${last}`, last + 1),
      follow('', 0),
    ])
    expect(rest.problems).toEqual([])
    expect(all).toMatchObject({ problems: [], outcome: 'completed', text: 'tok'.repeat(20) })
    expect([...begin.events, ...rest.events]).toEqual(all.events)
    // And again, when all is over.
    expect((await follow('', 0)).events).toEqual(all.events)
    const upstream = sentFor(relay, body)
    expect(upstream).toHaveLength(1)
    expect(upstream[0]?.hungUpAt).toBeUndefined()
  })

  it('stops when it is cancelled, and tells those who follow', async () => {
    const body = tag({ script: pace(2_000, 20) })
    const response = await start(body)
    const upstream = await nextFor(relay, body)
    const { id, rest } = await readUntil(response, /output_text\.delta/)
    const cancelled = await fetch(url(`${id}/cancel`), { method: 'POST' })
    expect(await cancelled.json()).toMatchObject({ id, status: 'cancelled' })
    await upstream.closedWithin(1_500)
    const read = readResponses(await rest())
    expect(read).toMatchObject({ problems: [], outcome: 'failed', error: { code: 'cancelled' } })
    expect((await logOf(relay.server, response)).outcome).toBe('cancelled')
    const again = await fetch(url(`${id}/cancel`), { method: 'POST' })
    expect(await again.json()).toMatchObject({ id, status: 'cancelled' })
  })

  it('stops when it is deleted, and stays deleted', async () => {
    const body = tag({ stream: false, script: pace(2_000, 20) })
    const { id } = (await (await start(body)).json()) as Answer
    const upstream = await nextFor(relay, body)
    expect((await fetch(url(id), { method: 'DELETE' })).status).toBe(200)
    await upstream.closedWithin(1_500)
    await expectError(await fetch(url(id)), 404)
  })

  it('fails where the engine does', async () => {
    const script = { persona: 'vllm', error: 'context_length' }
    const { id } = (await (await start({ stream: false, script })).json()) as Answer
    const failed = await poll(id, 'failed')
    expect(JSON.stringify(failed.error)).toContain('maximum context length')
    const read = await readResponsesStream(await fetch(url(`${id}?stream=true`)))
    expect(read).toMatchObject({ problems: [], outcome: 'failed' })
    const previous = { previous_response_id: id }
    await expectError(await postResponses(relay.server.base, previous), 400)
  })

  it('refuses what can not be picked up', async () => {
    const store = await postResponses(relay.server.base, { background: true, store: false })
    expect((await expectError(store, 400)).param).toBe('store')
    const { id } = (await (await start({ stream: false, script: full })).json()) as Answer
    await poll(id, 'completed')
    const beyond = await fetch(url(`${id}?stream=true&starting_after=9999`))
    expect((await expectError(beyond, 400)).param).toBe('starting_after')
    const wrong = await fetch(url(`${id}?stream=true&starting_after=-1`))
    expect((await expectError(wrong, 400)).param).toBe('starting_after')
  })

  it('takes only so many at once', async () => {
    const script: Script = { steps: [{ hang: true }] }
    const ids: string[] = []
    for (let count = 0; count < 32; count++) {
      ids.push(((await (await start({ stream: false, script })).json()) as Answer).id)
    }
    const body = { background: true, script }
    const error = await expectError(await postResponses(relay.server.base, body), 503)
    expect(error.code).toBe('too_many_background')
    await Promise.all(ids.map((id) => fetch(url(`${id}/cancel`), { method: 'POST' })))
    await start({ stream: false, script: full })
  })

  describe('at the end', () => {
    const leaving = useRelay(host, { flags: [...flags, '--grace', '5s'] })

    it('is waited for like any other', async () => {
      const body = tag({ background: true, stream: false, script: pace(20, 25) })
      const response = await postResponses(leaving.server.base, body)
      expect(response.status).toBe(200)
      const upstream = await nextFor(leaving, body)
      expect(await leaving.server.stop()).toBe(0)
      expect(upstream.finished).toBe(true)
      expect((await logOf(leaving.server, response)).outcome).toBe('finished')
    })
  })
}

/** Reads until the text matches; the rest may be read on, or left. */
async function readUntil(response: Response, pattern: RegExp) {
  const reader = response.body?.getReader() as ReadableStreamDefaultReader<Uint8Array>
  let text = ''
  const read = async () => {
    const { done, value } = await reader.read()
    if (value) text += Buffer.from(value).toString()
    return !done
  }
  while (!pattern.test(text) && (await read()));
  expect(text).toMatch(pattern)
  const [, id = ''] = /"id":"(resp_\w+)"/.exec(text) ?? []
  const rest = async () => {
    while (await read());
    return text
  }
  /** What was read so far, up to the last whole event. */
  const soFar = () => readResponses(text.slice(0, text.lastIndexOf('\n\n') + 2))
  return { id, rest, soFar, leave: () => reader.cancel() }
}

/** In the background where no request may be woken by another, as far as the runtime lets it run. */
function isolated(relay: Relay): void {
  const url = (path: string) => `${relay.server.base}/responses/${path}`
  const statusOf = async (id: string) => ((await (await fetch(url(id))).json()) as Answer).status
  const start = async (script: Script) => {
    const response = await postResponses(relay.server.base, {
      background: true,
      stream: false,
      script,
    })
    expect(response.status).toBe(200)
    const queued = (await response.json()) as Answer
    expect(queued).toMatchObject({ status: 'queued', background: true })
    return queued.id
  }

  it('goes on when it was answered', async () => {
    const id = await start(talk({ wait: 300 }, 'tok', 'tok'))
    const during = await fetch(url(`${id}?stream=true`))
    expect((await expectError(during, 400)).param).toBe('stream')
    await expect.poll(() => statusOf(id), { timeout: 5_000 }).toBe('completed')
    const read = await readResponsesStream(await fetch(url(`${id}?stream=true`)))
    expect(read).toMatchObject({ problems: [], outcome: 'completed', text: 'toktok' })
  })

  it('is followed by who began it', async () => {
    const script = pace(5, 20)
    const response = await postResponses(relay.server.base, { background: true, script })
    const read = await readResponsesStream(response)
    expect(read).toMatchObject({ problems: [], outcome: 'completed', text: 'tok'.repeat(5) })
  })

  it('stops when another request cancels it', async () => {
    const id = await start(pace(2_000, 20))
    await fetch(url(`${id}/cancel`), { method: 'POST' })
    await expect.poll(() => statusOf(id), { timeout: 5_000 }).toBe('cancelled')
  })
}
