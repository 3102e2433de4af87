import { expect, it } from 'vitest'
import { createHostedHandler } from '../../../src/handler.ts'

it('x', async () => {
  const handler = createHostedHandler({ discover: false, staticDelay: 0 }, { exposure: 'machine', name: 'node 24' })
  const ask = (path: string, body?: object, headers = {}) =>
    handler.fetch(
      new Request(`http://localhost${path}`, {
        headers: { host: 'localhost', 'content-type': 'application/json', ...headers },
        ...(body && { method: 'POST', body: JSON.stringify(body) }),
      }),
    )
  const messages = [{ role: 'user', content: 'Hi' }]
  for (const stream of [true, false])
    await (await ask('/v1/chat/completions', { model: 'static', stream, messages })).text()
  await ask('/v1/chat/completions', { model: 'nope', messages })
  await ask('/nowhere')
  const r = await ask('/metrics', undefined, { accept: 'application/openmetrics-text' })
  console.log(r.headers.get('content-type'), await r.text())
  expect(r.status).toBe(200)
})
