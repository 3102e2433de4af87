import { createHash } from 'node:crypto'
import Anthropic, { AuthenticationError } from '@anthropic-ai/sdk'
import { describe, expect, it } from 'vitest'
import { ask, model, post, rejection, staticText } from '../support/messages.ts'
import { type Relay, useRelay } from '../support/relay.ts'
import { type HostName, type Server, useServer } from '../support/server.ts'

export function refusals(relay: Relay): void {
  const refused = async (response: Response, status: number, type: string) => {
    const text = await response.text()
    expect(response.status, text).toBe(status)
    const id = response.headers.get('request-id')
    expect(id).toMatch(/^[\w-]{8,}$/)
    const body = JSON.parse(text) as { error: { message: string } }
    expect(body).toEqual({
      type: 'error',
      error: {
        type,
        message: expect.stringMatching(/\S/),
        details: { error_code: expect.stringMatching(/\S/) },
        doc_url: expect.stringMatching(/^http:\/\/.*\/docs\/errors\/\w+$/),
      },
      request_id: id,
    })
    return body.error.message
  }
  const { server } = relay

  it.each<[string, object]>([
    ['max_tokens', { max_tokens: undefined }],
    ['messages', { messages: [] }],
    [
      'messages[0].content[0].source.type',
      {
        messages: [{ role: 'user', content: [{ type: 'image', source: { type: 'x' } }] }],
      },
    ],
    [
      'tool_choice',
      {
        tools: [{ type: 'web_search_20250305', name: 'web_search' }],
        tool_choice: { type: 'any' },
      },
    ],
    ['tool_choice.type', { tool_choice: { type: 'sometimes' } }],
    ['thinking.type', { thinking: { type: 'hard' } }],
    ['stop_sequences', { stop_sequences: 'x' }],
  ])('are in the shape of the API, and name the field: %s', async (field, body) => {
    const message = await refused(await post(server, body), 400, 'invalid_request_error')
    expect(message.startsWith(`${field}:`), message).toBe(true)
  })

  it('are so before the body is read, and for what is not there', async () => {
    const url = `${server.base}/messages`
    await refused(await fetch(url, { method: 'POST', body: 'x' }), 415, 'invalid_request_error')
    await refused(await fetch(url), 405, 'invalid_request_error')
    await refused(await fetch(`${url}/batches`), 404, 'not_found_error')
    await refused(await fetch(`${url}/count_tokens`), 405, 'invalid_request_error')
    const foreign = await post(server, {}, { origin: 'https://evil.example' })
    await refused(foreign, 403, 'permission_error')
    const models = await fetch(`${server.base}/models/nobody`, {
      headers: { 'anthropic-version': '2023-06-01' },
    })
    await refused(models, 404, 'not_found_error')
  })

  it('are those of other APIs elsewhere', async () => {
    const response = await fetch(`${server.base}/models/nobody`)
    expect(await response.json()).toMatchObject({ error: { code: 'model_not_found' } })
    expect(response.headers.get('request-id')).toBeNull()
  })
}

export function counting(host: HostName, relay: Relay): void {
  const client = ({ url }: Server) => new Anthropic({ apiKey: 'none', baseURL: url, maxRetries: 0 })

  it('asks the upstream for its tokenizer’s count', async () => {
    const system = 'Be brief.'
    const asked = { model, system, messages: ask.messages }
    const { input_tokens } = await client(relay.server).messages.countTokens(asked)
    // Its tokens are words: of the roles, the fields and the texts of two messages.
    expect(input_tokens).toBe(9)
    const { input_tokens: words } = await client(relay.server).messages.countTokens({
      ...asked,
      model: 'static',
    })
    expect(words).toBe(3)
  })

  describe('where there is none', () => {
    const bare = useRelay(host, { upstream: { persona: 'openai' } })

    it('is 501, never a guess', async () => {
      const counted = client(bare.server).messages.countTokens({
        model: 'gpt-4.1',
        messages: ask.messages,
      })
      await expect(counted).rejects.toMatchObject({ status: 501, type: 'api_error' })
    })
  })
}

export function withKeys(host: HostName): void {
  const key = 'secret-key-of-ann'
  const hash = `sha256:${createHash('sha256').update(key).digest('hex')}`
  const page = 'https://app.example'
  const server = useServer(host, ['--static-delay', '0', '--allow-origin', page], {
    SLUICE_KEYS: JSON.stringify([{ name: 'ann', hash }]),
  })

  it('is let in from a page, whose browser asks for leave to send the SDK’s headers', async () => {
    const named =
      'anthropic-beta,anthropic-dangerous-direct-browser-access,anthropic-version,content-type,x-api-key'
    const leave = await fetch(`${server.base}/messages`, {
      method: 'OPTIONS',
      headers: {
        origin: page,
        'access-control-request-method': 'POST',
        'access-control-request-headers': named,
      },
    })
    expect(leave.status).toBe(204)
    expect(leave.headers.get('access-control-allow-headers')).toBe(named)
    expect(leave.headers.get('access-control-allow-methods')).toContain('POST')
    const asked = { ...ask, model: 'static' }
    const answer = await post(server, asked, { origin: page, 'x-api-key': key })
    expect(answer.status).toBe(200)
    expect(answer.headers.get('access-control-allow-origin')).toBe(page)
    expect(answer.headers.get('access-control-expose-headers')).toContain(', request-id')
  })

  it('is let in by x-api-key, as the SDK sends it', async () => {
    const client = new Anthropic({ apiKey: key, baseURL: server.url, maxRetries: 0 })
    const { content } = await client.messages.create({ model: 'static', ...ask })
    expect(content).toMatchObject([{ text: staticText }])
    const stranger = new Anthropic({ apiKey: 'another', baseURL: server.url, maxRetries: 0 })
    const error = await rejection(stranger.messages.create({ model: 'static', ...ask }))
    expect(error).toBeInstanceOf(AuthenticationError)
    expect(error).toMatchObject({ type: 'authentication_error' })
  })
}
