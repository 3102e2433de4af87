import { expect, it } from 'vitest'
import { UpstreamClient } from '../../../../src/engines/upstream/client.ts'
import type { EngineRequest } from '../../../../src/stream/observer.ts'
import { encodeText } from '../../../../src/wire/sse/sse.ts'

/** What is shown of the requests that a client sends. */
function shownOf() {
  const shown: EngineRequest[] = []
  const tap = { onEngineRequest: (request: EngineRequest) => void shown.push(request) }
  const client = new UpstreamClient({
    ...{ url: 'http://gpu.test/v1', label: 'gpu', key: '' },
    fetch: async () => new Response('{}') as never,
  })
  const call = { signal: AbortSignal.timeout(5_000), tapped: { taps: [tap] } }
  return { shown, client, call }
}

it('a request without a body is shown as a GET', async () => {
  const { shown, client, call } = shownOf()
  await client.get('/models', call)
  await client.send('/files', {}, call)
  expect(shown.map(({ method, path, body }) => [method, path, body])).toEqual([
    ['GET', '/models', undefined],
    ['GET', '/files', undefined],
  ])
})

it('a request in pieces is shown as one', async () => {
  const { shown, client, call } = shownOf()
  function* inSteps() {
    yield
    return [encodeText('{"a":'), encodeText('1}')]
  }
  await client.post('/chat/completions', {}, { ...call, inSteps })
  const [request] = shown
  expect(request?.method).toBe('POST')
  expect(new TextDecoder().decode(request?.body as Uint8Array)).toBe('{"a":1}')
})
