import { randomUUID } from 'node:crypto'
import { expect, it } from 'vitest'
import { vectorOf } from '../support/embeddings.ts'
import { needs } from '../support/hosts.ts'
import { expectError } from '../support/refusal.ts'
import { logOf, useRelay } from '../support/relay.ts'
import type { Scripted } from '../support/script.ts'
import type { HostName } from '../support/server.ts'
import { factsAt } from '../support/server-facts.ts'
import type { RecordedRequest } from '../support/upstream.ts'
import { ask, posted } from './ollama-models.ts'

/** `POST /api/embed` and `/api/embeddings`. */
export function ollamaEmbeddings(host: HostName): void {
  const relay = useRelay(host)

  it('are vectors in the order of the texts, with counts', async () => {
    const answer = await ask(relay.server, 'embed', { model: 'm:latest', input: ['a', 'b'] })
    expect(answer).toEqual({
      ...{ model: 'm:latest', embeddings: [vectorOf(0), vectorOf(1)], prompt_eval_count: 2 },
      ...{ total_duration: expect.any(Number), load_duration: 0 },
    })
    expect(
      await ask(relay.server, 'embed', { model: 'm', input: 'a', dimensions: 4 }),
    ).toMatchObject({
      embeddings: [vectorOf(0, 4)],
    })
    const options = { truncate: false, keep_alive: '5m', options: { num_ctx: 10 } }
    await ask(relay.server, 'embed', { model: 'm', input: 'a', ...options })
    // OpenAI's API has no such fields.
    expect(relay.upstream.requests.at(-1)?.body).toEqual({
      ...{ model: 'm', input: 'a', encoding_format: 'float' },
    })
  })

  it('are of no text where there is none, which loads a model in Ollama', async () => {
    for (const input of ['', [], null, undefined]) {
      expect(await ask(relay.server, 'embed', { model: 'm', input })).toMatchObject({
        embeddings: [],
      })
    }
    expect(await ask(relay.server, 'embeddings', { model: 'm', prompt: '' })).toEqual({
      embedding: [],
    })
  })

  it('are one vector at the older path', async () => {
    const answer = await ask(relay.server, 'embeddings', { model: 'm', prompt: 'a' })
    expect(answer).toEqual({ embedding: vectorOf(0) })
  })

  it('are counted in the log', async () => {
    const response = await fetch(
      `${relay.server.url}/api/embed`,
      posted({ model: 'm', input: ['a', 'b', 'c'] }),
    )
    await response.body?.cancel()
    expect(await logOf(relay.server, response)).toMatchObject({ promptTokens: 3, outcome: 'ok' })
  })

  it.each([
    [{ input: 'a' }, 400, /^model: expected the name of a model, got/],
    [{ model: '', input: 'a' }, 400, /^model: expected the name of a model, got/],
    [{ model: 'm', input: 5 }, 400, /^input: /],
    [{ model: 'm', input: [1] }, 400, /^input/],
    [{ model: 'static', input: 'a' }, 400, /cannot make embeddings/],
    [{ model: 'm', input: Array(5_001).fill('a') }, 400, /at most 5000, got 5001/],
  ])('are refused with a text: %#', async (body, status, told) => {
    const response = await fetch(`${relay.server.url}/api/embed`, posted(body))
    expect(response.status).toBe(status)
    expect(await response.json()).toEqual({ error: expect.stringMatching(told) })
  })

  const slow = useRelay(host, { flags: ['--answer-timeout', '600ms'] })
  const never: Scripted = { headersAfter: 'never', steps: [] }

  it('end with the time that an answer may take, and so does the engine', async () => {
    slow.upstream.script = never
    const body = { model: 'm', input: `late ${randomUUID()}` }
    const response = await fetch(`${slow.server.url}/api/embed`, posted(body))
    expect(response.status).toBe(504)
    expect(await response.json()).toEqual({ error: expect.stringContaining('answer') })
    const sent = await slow.upstream.next((request) => inputOf(request) === body.input)
    await sent.closedWithin(1_000)
  })

  it('end with the client that asked for them', needs(host, 'hangups'), async () => {
    slow.upstream.script = never
    const body = { model: 'm', input: `gone ${randomUUID()}` }
    const client = new AbortController()
    const asking = fetch(`${slow.server.url}/api/embed`, {
      ...posted(body),
      signal: client.signal,
    })
    const sent = await slow.upstream.next((request) => inputOf(request) === body.input)
    client.abort()
    await expect(asking).rejects.toThrow()
    await sent.closedWithin(500)
  })

  it('are refused in the shape of each API', async () => {
    const body = posted({ model: 'static', input: 'a' })
    await expectError(await fetch(`${relay.server.base}/embeddings`, body), 400)
  })

  const native = useRelay(host, {
    upstream: {
      persona: 'ollama',
      facts: factsAt({
        'POST /api/embed': (body) => ({
          model: 'x',
          embeddings: [(body as { input: string | string[] }).input]
            .flat()
            .map((_, i) => vectorOf(i)),
          ...{ total_duration: 14_143_917, load_duration: 1_019_500, prompt_eval_count: 8 },
        }),
        'POST /api/embeddings': { embedding: [3, 4] },
      }),
    },
  })

  it('are made by an Ollama in its own API, with all that was asked', async () => {
    // A listing tells that it is one.
    await ask(native.server, 'tags')
    const body = {
      ...{ model: 'llama3.2', input: ['a', 'b'], truncate: false, keep_alive: '5m' },
      ...{ options: { num_ctx: 10 }, dimensions: 2 },
    }
    expect(await ask(native.server, 'embed', body)).toEqual({
      ...{ model: 'llama3.2', embeddings: [vectorOf(0), vectorOf(1)], prompt_eval_count: 8 },
      ...{ total_duration: 14_143_917, load_duration: 1_019_500 },
    })
    const sent = native.upstream.requests.at(-1)
    expect(sent?.path).toBe('/api/embed')
    expect(sent?.body).toEqual({ ...body, model: 'llama3.2:latest' })
    const old = { model: 'llama3.2', prompt: 'a', options: { num_ctx: 10 } }
    expect(await ask(native.server, 'embeddings', old)).toEqual({ embedding: [3, 4] })
    expect(native.upstream.requests.at(-1)?.body).toEqual({ ...old, model: 'llama3.2:latest' })
  })
}

function inputOf({ body }: RecordedRequest): unknown {
  return (body as { input?: unknown } | undefined)?.input
}
