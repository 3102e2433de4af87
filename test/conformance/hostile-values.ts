import { afterEach, describe, expect, it } from 'vitest'
import { HOSTILE_TEXTS, textsIn, UNSAFE_CHARACTERS, UNUSUAL_NAMES } from '../support/hostile.ts'
import { needs } from '../support/hosts.ts'
import { postChat, readStream } from '../support/read.ts'
import { errorOf, logOf, nextFor, tag, useRelay } from '../support/relay.ts'
import { frame, type Script } from '../support/script.ts'
import type { HostName, LogEntry } from '../support/server.ts'
import { END, token } from '../support/talk.ts'

const hostile = Object.entries(HOSTILE_TEXTS)
const MESSAGES = [{ role: 'user', content: 'Hi' }]
const script = { steps: [{ send: token('Hi') + END }] } satisfies Script

/** Values that a client or an upstream chose, in every place where sluice shows or forwards them. */
export function hostileValues(host: HostName): void {
  const listed = [...UNUSUAL_NAMES, ...hostile.map(([, text]) => text)]
  const models = listed.map((id) => ({ id, object: 'model' as const, created: 1, owned_by: id }))
  const relay = useRelay(host, {
    upstream: { models },
    flags: ['--alias', '模=模型-é', '--alias', 'gpt=constructor'],
  })
  const entries: LogEntry[] = []
  const logged = async (response: Response) => {
    const entry = await logOf(relay.server, response)
    entries.push(entry)
    return entry
  }

  afterEach(() => {
    for (const entry of entries.splice(0)) {
      for (const text of textsIn(entry)) {
        expect(text).not.toMatch(UNSAFE_CHARACTERS)
        expect(text.length).toBeLessThan(600)
      }
    }
  })

  describe('names of models', () => {
    it('are listed where they are harmless, and only there', async () => {
      for (const headers of [{}, { 'anthropic-version': '2023-06-01' }]) {
        const url = `${relay.server.base}/models?limit=1000`
        const list = (await (await fetch(url, { headers })).json()) as { data: { id: string }[] }
        const ids = list.data.map(({ id }) => id)
        expect(ids).toEqual(expect.arrayContaining(UNUSUAL_NAMES))
        for (const text of textsIn(list)) expect(text).not.toMatch(UNSAFE_CHARACTERS)
      }
    })

    it.each(UNUSUAL_NAMES)('%j works from the list to the engine and the log', async (model) => {
      const path = encodeURIComponent(model)
      const one = await fetch(`${relay.server.base}/models/${path}`)
      expect(await one.json()).toMatchObject({ id: model })
      const body = tag({ model, script })
      const response = await postChat(relay.server.base, body)
      expect((await readStream(response)).outcome).toBe('finished')
      expect((await nextFor(relay, body)).body).toMatchObject({ model })
      expect(await logged(response)).toMatchObject({ model })
    })

    it('are resolved as aliases', async () => {
      for (const [alias, model] of [
        ['gpt', 'constructor'],
        ['模', '模型-é'],
      ]) {
        const body = tag({ model: alias, script })
        await readStream(await postChat(relay.server.base, body))
        expect((await nextFor(relay, body)).body).toMatchObject({ model })
      }
    })

    it.each(hostile)('with %s are refused, and reach no engine', async (_, model) => {
      const before = relay.upstream.requests.length
      for (const [path, rest] of [
        ['chat/completions', { messages: MESSAGES }],
        ['completions', { prompt: 'Hi' }],
        ['messages', { messages: MESSAGES, max_tokens: 5 }],
        ['responses', { input: 'Hi' }],
        ['embeddings', { input: 'Hi' }],
      ] as const) {
        const response = await fetch(`${relay.server.base}/${path}`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ model, ...rest }),
        })
        expect(response.status, path).toBe(400)
        const error = (await response.json()) as object
        for (const text of textsIn(error)) expect(text).not.toMatch(UNSAFE_CHARACTERS)
        await logged(response)
      }
      expect(
        relay.upstream.requests.slice(before).filter(({ method }) => method === 'POST'),
      ).toEqual([])
      const path = encodeURIComponent(model.replace('\ud800', '\u0001')).slice(0, 5_000)
      const one = await fetch(`${relay.server.base}/models/${path}`)
      expect(one.status).toBe(400)
      await logged(one)
    })

    it('are text in the page that lists them', async () => {
      const html = await (await fetch(`${relay.server.url}/status`)).text()
      expect(html).toContain('&#60;img src=x')
      const elements = new Set(html.match(/<[a-z]+\d?/g))
      expect([...elements].filter((name) => ['<img', '<b', '<script'].includes(name))).toEqual([])
      expect(html.replaceAll('\n', '')).not.toMatch(UNSAFE_CHARACTERS)
    })
  })

  describe.each(hostile)('an upstream that sends %s', (_, text) => {
    it('as its error is told in one harmless text, with a code only if it is one', async () => {
      const error = { message: `no: ${text}`, type: text, code: text, param: text }
      const failing = [
        { status: 400, steps: [{ send: JSON.stringify({ error }) }] },
        { status: 500, steps: [{ send: JSON.stringify({ detail: text }) }] },
        { status: 502, headers: { 'content-type': 'text/html' }, steps: [{ send: `<p>${text}` }] },
      ]
      for (const answer of failing) {
        const response = await postChat(relay.server.base, { model: 'toString', script: answer })
        expect(response.status).toBeGreaterThanOrEqual(400)
        const told = await errorOf(response)
        expect(told.message.replaceAll(/[\n\t]/g, '')).not.toMatch(UNSAFE_CHARACTERS)
        expect(told.message.length).toBeLessThan(600)
        expect(`${told.code}${told.type}${told.param}`).not.toMatch(UNSAFE_CHARACTERS)
        expect(`${told.code}${told.type}`.length).toBeLessThan(200)
        await logged(response)
      }
    })

    it('as an error, a finish reason or an id in a stream ends or repairs it', async () => {
      const base = { object: 'chat.completion.chunk', created: 1, model: text }
      const chunk = (id: unknown, reason: string | null) =>
        frame({
          ...base,
          id,
          choices: [{ index: 0, delta: { content: 'a' }, finish_reason: reason }],
        })
      for (const [sent, outcome] of [
        [frame({ error: { message: text, code: text, type: text } }), 'failed'],
        [token('Hi') + frame({ error: { message: text, code: text } }), 'failed'],
        [chunk('c', text), 'failed'],
        [token('Hi') + chunk('c', text), 'failed'],
        [chunk(text, null) + chunk(text, 'stop'), 'finished'],
        [chunk({ toString: text }, null) + chunk({ valueOf: 1 }, 'stop'), 'finished'],
      ] as const) {
        const steps = [{ send: `${sent}data: [DONE]\n\n` }]
        const response = await postChat(relay.server.base, { model: 'toString', script: { steps } })
        if (outcome === 'failed' && response.status !== 200) {
          expect(textsIn(await response.json()).join('')).not.toMatch(/(?![\n\t])\p{Cc}/u)
        } else {
          const read = await readStream(response)
          expect(read.outcome).toBe(outcome)
          for (const { id } of read.chunks) expect(String(id).length).toBeLessThan(300)
          expect(read.error?.message ?? '').not.toMatch(/(?![\n\t])\p{Cc}/u)
        }
        await logged(response)
      }
    })

    it('as the id and name of a call gets both back unchanged', async () => {
      const call = { id: text, type: 'function', function: { name: 'f', arguments: '{}' } }
      const delta = { role: 'assistant', tool_calls: [{ index: 0, ...call }] }
      const sent = frame({
        id: 'c',
        object: 'chat.completion.chunk',
        created: 1,
        model: 'm',
        choices: [{ index: 0, delta, finish_reason: 'tool_calls' }],
      })
      const steps = [{ send: `${sent}data: [DONE]\n\n` }]
      const response = await postChat(relay.server.base, { model: 'toString', script: { steps } })
      const [chunk] = (await readStream(response)).chunks
      expect(chunk?.choices?.[0]?.delta.tool_calls).toMatchObject([{ id: text }])
      const body = tag({
        model: 'toString',
        script,
        messages: [
          ...MESSAGES,
          { role: 'assistant', content: null, tool_calls: [call] },
          { role: 'tool', tool_call_id: text, content: 'ok' },
        ],
      })
      await readStream(await postChat(relay.server.base, body))
      const received = (await nextFor(relay, body)).body as { messages: object[] }
      expect(received.messages.slice(1)).toMatchObject([
        { tool_calls: [{ id: text }] },
        { tool_call_id: text },
      ])
    })
  })

  it.each(hostile)(
    'a client that sends %s in names and headers gets an answer',
    async (_, text) => {
      const visible = text
        .replaceAll(/[^ -~]/g, '?')
        .slice(0, 5_000)
        .trim()
      for (const [path, tools] of [
        ['messages', [{ type: text, name: text }]],
        [
          'responses',
          [
            { type: text, name: text },
            { type: 'function', name: text, parameters: {} },
          ],
        ],
        ['chat/completions', [{ type: 'function', function: { name: text, parameters: {} } }]],
      ] as const) {
        const body = {
          model: 'toString',
          max_tokens: 5,
          tools,
          script,
          messages: MESSAGES,
          input: 'Hi',
        }
        const response = await fetch(`${relay.server.base}/${path}`, {
          method: 'POST',
          headers: {
            'content-type': 'application/json',
            'x-request-id': visible,
            'user-agent': visible,
          },
          body: JSON.stringify(body),
        })
        expect(response.status).toBeLessThan(503)
        expect(response.status).not.toBe(500)
        expect(response.headers.get('x-request-id')).toMatch(/^[\da-f-]{36}$/)
        await response.text()
        await logged(response)
      }
    },
  )

  it('none of it is in the output of the process', needs(host, 'process'), () => {
    const lines = relay.server.stdout().split('\n').slice(0, -1)
    expect(lines.length).toBeGreaterThan(50)
    for (const line of lines) {
      expect(line).not.toMatch(UNSAFE_CHARACTERS)
      JSON.parse(line)
    }
    expect(relay.server.stderr().replaceAll('\n', '')).not.toMatch(UNSAFE_CHARACTERS)
  })
}
