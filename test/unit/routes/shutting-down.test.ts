import { expect, it } from 'vitest'
import { createHostedHandler } from '../../../src/handler.ts'

it('a request is refused in the shape of its API while the server shuts down', async () => {
  const { fetch, drain } = createHostedHandler({ discover: false }, { exposure: 'machine' })
  await drain(0)
  const asked = (path: string) =>
    fetch(new Request(`http://sluice${path}`, { headers: { 'anthropic-version': '2023-06-01' } }))
  for (const path of ['/v1/models', '/v1/messages']) {
    const response = await asked(path)
    expect(response.status).toBe(503)
    expect(response.headers.get('retry-after')).toBe('5')
    expect(await response.json()).toMatchObject({
      type: 'error',
      error: { type: 'overloaded_error' },
      request_id: response.headers.get('request-id'),
    })
  }
  const other = await fetch(new Request('http://sluice/v1/chat/completions', { method: 'POST' }))
  expect(await other.json()).toMatchObject({ error: { code: 'shutting_down' } })
})
