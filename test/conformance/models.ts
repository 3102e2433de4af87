import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, describe, expect, it } from 'vitest'
import { postChat, readStream } from '../support/read.ts'
import { errorOf, logOf, nextFor, tag, useRelay } from '../support/relay.ts'
import { type HostName, useServerWith } from '../support/server.ts'
import { startUpstream, type Upstream } from '../support/upstream.ts'

interface List {
  data: { id: string; owned_by: string }[]
}

const chat = { script: { persona: 'vllm', words: ['Hi.'] } }

/** Which upstream serves what. */
export function models(host: HostName): void {
  describe('models of one upstream', () => {
    const relay = useRelay(host, { upstream: { persona: 'ollama' } })

    it('are listed, with static', async () => {
      const list = (await (await fetch(`${relay.server.base}/models`)).json()) as List
      expect(list).toMatchObject({ object: 'list' })
      expect(list.data.map(({ id }) => id)).toEqual(['llama3.2:latest', 'qwen3:8b', 'static'])
      expect(list.data[0]?.owned_by).toBe('library')
    })

    it('are found by a name without :latest', async () => {
      const body = tag({ ...chat, model: 'llama3.2' })
      const response = await postChat(relay.server.base, body)
      expect((await readStream(response)).outcome).toBe('finished')
      expect((await nextFor(relay, body)).body).toMatchObject({ model: 'llama3.2:latest' })
      expect(await logOf(relay.server, response)).toMatchObject({ model: 'llama3.2:latest' })
      expect((await fetch(`${relay.server.base}/models/llama3.2`)).status).toBe(200)
    })

    it('need not list one to be asked for it: the upstream decides', async () => {
      const body = tag({ ...chat, model: 'hf.co/someone/unlisted:Q4_K_M' })
      expect((await readStream(await postChat(relay.server.base, body))).outcome).toBe('finished')
      expect((await nextFor(relay, body)).body).toMatchObject({
        model: 'hf.co/someone/unlisted:Q4_K_M',
      })
      const refused = await postChat(relay.server.base, { model: 'nobody' })
      expect(refused.status).toBe(404)
      expect((await errorOf(refused)).message).toContain('nobody')
    })

    it.each([undefined, null, ''])('the first is asked where none is named: %j', async (model) => {
      const body = tag({ ...chat, model })
      expect((await readStream(await postChat(relay.server.base, body))).outcome).toBe('finished')
      expect((await nextFor(relay, body)).body).toMatchObject({ model: 'llama3.2:latest' })
    })

    it('leave static to those who name it', async () => {
      const response = await postChat(relay.server.base, { model: 'static', max_tokens: 1 })
      expect((await readStream(response)).chunks[0]?.model).toBe('static')
      expect(await logOf(relay.server, response)).toMatchObject({ engine: 'static' })
    })

    it('get unknown fields of a request unchanged', async () => {
      const fields = {
        temperature: 0.7,
        top_k: 40,
        min_p: 0.05,
        cache_prompt: true,
        grammar: 'root ::= "a"\n\u0000',
        nested: { list: [1, -0.5, 1e21, null, { deep: [[]] }], 'ключ 🗝': '\u2028' },
        chat_template_kwargs: { enable_thinking: false },
        empty: {},
        metadata: null,
      }
      const messages = [
        { role: 'system', content: 'Be brief.', cache_control: { type: 'ephemeral' } },
        { role: 'user', content: [{ type: 'text', text: 'Hi', extra: 1 }], name: 'me' },
      ]
      const body = tag({ ...chat, ...fields, messages, model: 'qwen3:8b' })
      await (await postChat(relay.server.base, body)).text()
      const { stream_options: _, ...arrived } = (await nextFor(relay, body)).body as object & {
        stream_options: unknown
      }
      expect(arrived).toEqual({ ...body, stream: true })
    })
  })

  describe('models of two upstreams', () => {
    let a: Upstream
    let b: Upstream
    const server = useServerWith(host, async () => {
      a = await startUpstream({ persona: 'ollama' })
      b = await startUpstream({ persona: 'vllm' })
      const flags = ['--upstream', `alpha=${a.url}`, '--upstream', `beta=${b.url}`]
      return { flags: [...flags, '--model', 'Qwen/Qwen3-8B'] }
    })
    afterAll(async () => {
      await a?.close()
      await b?.close()
    })

    it('are merged', async () => {
      const list = (await (await fetch(`${server.base}/models`)).json()) as List
      expect(list.data.map(({ id }) => id)).toEqual([
        'llama3.2:latest',
        'qwen3:8b',
        'Qwen/Qwen3-8B',
        'static',
      ])
    })

    it.each(['Qwen/Qwen3-8B', 'Qwen%2FQwen3-8B', 'Qwen%2fQwen3%2D8B'])(
      'are found by their ids, encoded or not: %s',
      async (id) => {
        const response = await fetch(`${server.base}/models/${id}`)
        expect(response.status).toBe(200)
        expect(await response.json()).toMatchObject({ id: 'Qwen/Qwen3-8B', owned_by: 'vllm' })
      },
    )

    it('are asked for at the one that has them', async () => {
      for (const [model, upstream] of [
        ['qwen3:8b', a],
        ['Qwen/Qwen3-8B', b],
      ] as const) {
        const body = tag({ ...chat, model })
        expect((await readStream(await postChat(server.base, body))).outcome).toBe('finished')
        expect((await nextFor({ upstream }, body)).body).toMatchObject({ model })
      }
    })

    it('the default one is asked where none is named', async () => {
      const body = tag({ ...chat, model: undefined })
      expect((await readStream(await postChat(server.base, body))).outcome).toBe('finished')
      expect((await nextFor({ upstream: b }, body)).body).toMatchObject({ model: 'Qwen/Qwen3-8B' })
    })

    it('do not include an unknown one: 404 names those that are close', async () => {
      const response = await postChat(server.base, { ...chat, model: 'qwen3:4b' })
      expect(response.status).toBe(404)
      const error = await errorOf(response)
      expect(error).toMatchObject({ code: 'model_not_found', param: 'model' })
      expect(error.message).toContain('qwen3:8b')
      expect([...a.requests, ...b.requests].map(({ body }) => body)).not.toContainEqual(
        expect.objectContaining({ model: 'qwen3:4b' }),
      )
    })

    it('include one that appears later', async () => {
      const body = { ...chat, model: 'fresh:1b' }
      expect((await postChat(server.base, body)).status).toBe(404)
      b.models.push({ id: 'fresh:1b', object: 'model', created: 1, owned_by: 'vllm' })
      await sleep(1_100)
      expect((await readStream(await postChat(server.base, body))).outcome).toBe('finished')
    })

    it('are those of the other, when one is gone', async () => {
      await b.close()
      const list = (await (await fetch(`${server.base}/models`)).json()) as List
      expect(list.data.map(({ id }) => id)).toEqual(['llama3.2:latest', 'qwen3:8b', 'static'])
      const read = await readStream(await postChat(server.base, { ...chat, model: 'qwen3:8b' }))
      expect(read.outcome).toBe('finished')
      const gone = await postChat(server.base, { ...chat, model: 'Qwen/Qwen3-8B' })
      expect([404, 502]).toContain(gone.status)
      expect((await errorOf(gone)).message).toContain('beta')
    })
  })
}
