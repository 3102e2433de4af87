import { expect, it } from 'vitest'
import { warmUpUpstream } from '../../../../src/hosts/server/warm-up/upstream.ts'

const answer = warmUpUpstream('secret')

function ask(body: string, headers: Record<string, string>): Request {
  return new Request('http://127.0.0.1/v1/chat/completions', { method: 'POST', body, headers })
}

it('answers whoever has the key', async () => {
  const body = JSON.stringify({ stream: true })
  const length = String(body.length)
  const headers = { authorization: 'Bearer secret', 'content-length': length }
  const response = await answer(ask(body, headers))
  expect(response.status).toBe(200)
  expect(await response.text()).toMatch(/^data: .*data: \[DONE\]\n\n$/s)
})

const others: Record<string, string>[] = [
  {},
  { authorization: 'Bearer other' },
  { authorization: 'secret' },
]
it.each(others)('reads nothing of others: %j', async (headers) => {
  const request = ask('{}', { 'content-length': '2', ...headers })
  expect((await answer(request)).status).toBe(401)
  expect(request.bodyUsed).toBe(false)
})

const lengths: Record<string, string>[] = [{ 'content-length': '5000' }, {}]
it.each(lengths)('reads no long body: %j', async (headers) => {
  const request = ask('{}', { authorization: 'Bearer secret', ...headers })
  expect((await answer(request)).status).toBe(413)
  expect(request.bodyUsed).toBe(false)
})
