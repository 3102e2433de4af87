import { describe, expect, it } from 'vitest'
import { needs } from '../support/hosts.ts'
import { ERROR_ANSWERS, type ErrorName, errorScript } from '../support/personas/errors.ts'
import { postChat, readStream } from '../support/read.ts'
import { errorOf, logOf, nextFor, sentFor, tag, useRelay } from '../support/relay.ts'
import type { Script } from '../support/script.ts'
import { type HostName, startServer, useServerWith } from '../support/server.ts'
import { closedPort } from '../support/upstream.ts'

/** What a server says while it loads its model is waited for rather than passed on. */
const ERROR_NAMES = (Object.keys(ERROR_ANSWERS) as ErrorName[]).filter(
  (name) => name !== 'llama_server_loading',
)

/** Answers that are no chat, with the code each one earns; a stream was asked for. */
const WRONG: Record<string, { script: Script; code: string }> = {
  'an HTML page with status 200': {
    script: { headers: { 'content-type': 'text/html' }, steps: [{ send: '<html>Hi</html>' }] },
    code: 'upstream_invalid',
  },
  'JSON instead of a stream': {
    script: {
      headers: { 'content-type': 'application/json' },
      steps: [
        {
          send: '{"id":"a","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"x"},"finish_reason":"stop"}]}',
        },
      ],
    },
    code: 'upstream_invalid',
  },
  'an empty answer with status 200': { script: { steps: [] }, code: 'upstream_truncated' },
  'status 204': { script: { status: 204, steps: [] }, code: 'upstream_invalid' },
  'a redirect': {
    script: { status: 307, headers: { location: 'http://127.0.0.1:1/v1' }, steps: [] },
    code: 'upstream_invalid',
  },
}

/** What an upstream refuses, answers wrongly, or must never learn. */
export function refusals(host: HostName): void {
  describe('refusals of an upstream', () => {
    const relay = useRelay(host, { env: { SLUICE_UPSTREAM_KEY: 'sk-upstream' } })

    describe.each([true, false])('stream: %s', (stream) => {
      it.each(ERROR_NAMES)('%s keeps its status and message', async (name) => {
        const { status, message } = ERROR_ANSWERS[name]
        const response = await postChat(relay.server.base, { stream, script: errorScript(name) })
        expect(response.status).toBe(status)
        const error = await errorOf(response)
        expect(error.message).toContain(message)
        expect(error.message).not.toBe('')
        expect(error.message).not.toMatch(/[<>]|127\.0\.0\.1/)
        const entry = await logOf(relay.server, response)
        expect(entry).toMatchObject({ status, outcome: status < 500 ? 'refused' : 'failed' })
      })

      it('keeps code, param and type where they are given', async () => {
        const script = errorScript('openai_context')
        const error = await errorOf(await postChat(relay.server.base, { stream, script }))
        expect(error).toMatchObject({
          type: 'invalid_request_error',
          code: 'context_length_exceeded',
          param: 'messages',
        })
      })

      it('keeps how long the prompt is, and may be', async () => {
        const script = errorScript('llama_server_context')
        const response = await postChat(relay.server.base, { stream, script })
        expect(await response.json()).toMatchObject({
          error: { n_prompt_tokens: 5000, n_ctx: 4096 },
        })
      })

      it('keeps retry-after', async () => {
        const script = errorScript('openai_rate')
        const response = await postChat(relay.server.base, { stream, script })
        expect(response.headers.get('retry-after')).toBe('7')
      })

      it('a page as an error is told as words', async () => {
        const script = errorScript('html_page')
        const { message } = await errorOf(await postChat(relay.server.base, { stream, script }))
        expect(message).toContain('502 Bad Gateway')
      })
    })

    describe('an answer that is no stream of chat', () => {
      it.each(Object.entries(WRONG))('%s is 502', async (_, { script, code }) => {
        const response = await postChat(relay.server.base, { script })
        expect(response.status).toBe(502)
        const error = await errorOf(response)
        expect(error.code).toBe(code)
        expect(error.message).toContain('gpu')
        expect(error.message).not.toContain('127.0.0.1')
        expect(await logOf(relay.server, response)).toMatchObject({ outcome: 'failed', code })
      })

      it('is not followed elsewhere: a redirect takes nothing along', async () => {
        const body = tag({ script: { status: 308, headers: { location: '/v1/else' }, steps: [] } })
        await postChat(relay.server.base, body)
        expect(relay.upstream.requests.filter(({ path }) => path === '/v1/else')).toEqual([])
        expect(sentFor(relay, body)).toHaveLength(1)
      })

      it.each([
        ['half of the JSON', '{"id":"a","choices":[{"index":0'],
        ['nothing', ''],
        ['a list', '[]'],
        ['no choices', '{"id":"a"}'],
      ])('nor is %s a completion', async (_, send) => {
        const script = { headers: { 'content-type': 'application/json' }, steps: [{ send }] }
        const response = await postChat(relay.server.base, { stream: false, script })
        expect(response.status).toBe(502)
        expect((await errorOf(response)).code).toBe('upstream_invalid')
      })

      it.each([
        ['error', 'upstream_error'],
        ['abort', 'engine_aborted'],
        ['tired', 'upstream_invalid'],
      ])('nor one that finished by %s', async (reason, code) => {
        const script = { persona: 'vllm', finish: reason }
        const response = await postChat(relay.server.base, { stream: false, script })
        expect(response.status).toBe(502)
        expect((await errorOf(response)).code).toBe(code)
      })
    })

    describe('headers', () => {
      const own: Record<string, string> = {
        'openai-processing-ms': '12',
        'openai-version': '2020-10-01',
        'set-cookie': 'session=1',
        'x-internal': 'yes',
        'x-request-id': 'theirs',
        'access-control-allow-origin': '*',
        'keep-alive': 'timeout=99',
        server: 'uvicorn',
      }

      it.each([true, false])(
        'only those of the allow-list come back: stream: %s',
        async (stream) => {
          const type = stream ? 'text/event-stream' : 'application/json'
          const script = streamOrJson(stream, { ...own, 'content-type': type })
          const response = await postChat(relay.server.base, { stream, script })
          expect(response.status).toBe(200)
          const { headers } = response
          expect(headers.get('openai-processing-ms')).toBe('12')
          expect(headers.get('openai-version')).toBe('2020-10-01')
          for (const name of ['set-cookie', 'x-internal', 'access-control-allow-origin']) {
            expect(headers.get(name), name).toBeNull()
          }
          expect(headers.get('x-request-id')).not.toBe('theirs')
          expect(headers.get('server')).not.toBe('uvicorn')
          expect(headers.get('keep-alive')).not.toBe('timeout=99')
          expect(headers.get('content-encoding')).toBeNull()
          await response.text()
        },
      )

      it('of the client stay here; the key of the upstream goes there', async () => {
        const body = tag({ script: { persona: 'openai' } })
        const response = await postChat(relay.server.base, body, {
          headers: {
            authorization: 'Bearer sk-client',
            'api-key': 'sk-client',
            'x-api-key': 'sk-client',
            cookie: 'sk-client',
            'x-forwarded-for': '203.0.113.9',
            referer: 'http://example.com/',
          },
        })
        await response.text()
        const { headers } = await nextFor(relay, body)
        expect(headers.authorization).toBe('Bearer sk-upstream')
        expect(headers['content-type']).toBe('application/json')
        expect(JSON.stringify(headers)).not.toMatch(/sk-client|203\.0\.113\.9|example\.com/)
      })

      it('hold the key of the upstream when its models are asked for', async () => {
        await fetch(`${relay.server.base}/models`)
        const asked = relay.upstream.requests.filter(({ path }) => path === '/v1/models')
        expect(asked.at(-1)?.headers.authorization).toBe('Bearer sk-upstream')
      })

      it('tell the upstream no key where none is set', async () => {
        await using server = await startServer(host, ['--upstream', relay.upstream.url])
        const body = tag({ script: { persona: 'openai' } })
        const headers = { authorization: 'Bearer sk-client' }
        await (await postChat(server.base, body, { headers })).text()
        expect((await nextFor(relay, body)).headers.authorization).toBeUndefined()
      })
    })
  })

  describe('an upstream that is not there', () => {
    let port = 0
    const server = useServerWith(host, async () => {
      port = await closedPort()
      return { flags: ['--upstream', `gpu=http://127.0.0.1:${port}/v1`] }
    })

    it.each([true, false])('is 502 by its label, stream: %s', async (stream) => {
      const response = await postChat(server.base, { stream })
      expect(response.status).toBe(502)
      const error = await errorOf(response)
      expect(error.code).toBe('upstream_unreachable')
      expect(error.message).toContain('gpu')
      expect(error.message).not.toMatch(/127\.0\.0\.1|localhost/)
      expect(error.message).not.toContain(String(port))
      const entry = await logOf(server, response)
      expect(entry).toMatchObject({ outcome: 'failed', engine: 'gpu' })
    })

    it('leaves the models that are there', async () => {
      const response = await fetch(`${server.base}/models`)
      expect(response.status).toBe(200)
      expect(await response.json()).toMatchObject({ data: [{ id: 'static' }] })
    })
  })

  describe('sluice behind itself', needs(host, 'sockets'), () => {
    const server = useServerWith(host, async () => {
      const port = await closedPort()
      return { flags: ['--port', String(port), '--upstream', `http://127.0.0.1:${port}/v1`] }
    })

    it.each([true, false])('is 508, stream: %s', async (stream) => {
      const response = await postChat(server.base, { stream })
      expect(response.status).toBe(508)
      expect((await errorOf(response)).message).toContain('sluice')
    })

    it('still lists models, at once', async () => {
      const begin = performance.now()
      const response = await fetch(`${server.base}/models`)
      expect(await response.json()).toMatchObject({ data: [{ id: 'static' }] })
      expect(performance.now() - begin).toBeLessThan(1_500)
    })

    it('does not take static for its own upstream', async () => {
      const read = await readStream(await postChat(server.base, { model: 'static', max_tokens: 1 }))
      expect(read.outcome).toBe('finished')
    })
  })
}

function streamOrJson(stream: boolean, headers: Record<string, string>): Script {
  const choice = { index: 0, finish_reason: 'stop' }
  const common = { id: 'a', created: 1, model: 'm' }
  const words = { role: 'assistant', content: 'x' }
  if (!stream) {
    const json = { ...common, object: 'chat.completion', choices: [{ ...choice, message: words }] }
    return { headers, steps: [{ send: JSON.stringify(json) }] }
  }
  const chunk = {
    ...common,
    object: 'chat.completion.chunk',
    choices: [{ ...choice, delta: words }],
  }
  return { headers, steps: [{ chunk }, { send: 'data: [DONE]\n\n' }] }
}
