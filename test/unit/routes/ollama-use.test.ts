import { expect, it } from 'vitest'
import { createHostedHandler } from '../../../src/handler.ts'
import { levelsIn, limitsAt } from '../../support/limits.ts'

const LIMIT = 100_000

/** What a request to an Ollama that counts nothing is charged; its status where it is refused. */
async function charged(path: string, fields: object): Promise<number | { status: number }> {
  const limits = limitsAt(() => 0)
  const left = () => levelsIn(limits, 'ann', { tokensPerMinute: LIMIT }).tokens?.remaining ?? -1
  const { fetch } = createHostedHandler(
    { upstream: [{ label: 'gpu', url: 'http://gpu/v1' }], discover: false },
    {
      fetch: (async (url: string) => {
        if (url.endsWith('/v1/models')) {
          return Response.json({ data: [{ id: 'm', object: 'model', owned_by: 'library' }] })
        }
        const message = { role: 'assistant', content: 'x' }
        return Response.json({ model: 'm', message, response: 'x', done: true })
      }) as never,
      authenticate: () => ({ name: 'ann', tokensPerMinute: LIMIT }),
      limits,
    },
  )
  const body = JSON.stringify({ model: 'm', stream: false, ...fields })
  const headers = { 'content-type': 'application/json' }
  const request = new Request(`http://localhost${path}`, { method: 'POST', headers, body })
  const response = await fetch(request)
  await response.text()
  return response.status === 200 ? LIMIT - left() : { status: response.status }
}

const LONG = 'word '.repeat(4_000)

it.each([
  ['/api/generate', { prompt: 'a', context: Array(5_000).fill(1) }],
  ['/api/generate', { prompt: 'a', template: LONG }],
  ['/api/generate', { prompt: 'a', template: LONG, raw: true }],
  ['/api/generate', { prompt: 'a', suffix: 'b', context: Array(5_000).fill(1) }],
  ['/api/generate', { prompt: 'a', suffix: LONG }],
  ['/api/chat', { messages: [{ role: 'user', content: LONG }] }],
])('all that reaches an Ollama’s model counts: %s %#', async (path, fields) => {
  const use = await charged(path, fields)
  expect(use).toBeGreaterThanOrEqual(5_000)
  expect(use).toBeLessThan(5_100)
})

const says = (message: object) => ({ messages: [{ role: 'user', content: 'a', ...message }] })

it.each([
  ['/api/generate', { prompt: 'a', Suffix: LONG }],
  ['/api/generate', { prompt: 'a', conteXt: [1] }],
  ['/api/generate', { prompt: 'a', Template: LONG }],
  ['/api/generate', { prompt: 'a', ſuffix: LONG }],
  ['/api/chat', { ...says({}), Options: { num_predict: -1 } }],
  ['/api/chat', says({ Content: LONG })],
  ['/api/chat', says({ thinKing: LONG })],
  ['/api/chat', says({ tool_calls: [{ Function: {}, function: { name: 'f' } }] })],
  ['/api/chat', says({ tool_calls: [{ function: { name: 'f', Arguments: { a: LONG } } }] })],
])('nothing is read under another spelling: %s %#', async (path, fields) => {
  expect(await charged(path, fields)).toEqual({ status: 400 })
})

it('a field that a model knows by any name is the client’s own', async () => {
  const call = { function: { name: 'f', arguments: { Name: 'x', Content: 'y' } } }
  const fields = says({ tool_calls: [call], Odd: 1 })
  expect(await charged('/api/chat', { ...fields, Odd: 1 })).toBeGreaterThan(0)
})
