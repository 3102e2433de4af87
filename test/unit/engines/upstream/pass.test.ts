import { describe, expect, it } from 'vitest'
import type { PassCall } from '../../../../src/engines/engine.ts'
import { Upstream } from '../../../../src/engines/upstream/upstream.ts'
import type { FetchInit } from '../../../../src/platform/fetch.ts'

const call: PassCall = {
  method: 'POST',
  paths: () => ['/rerank'],
  shownPath: '/v1/rerank',
  headers: {},
  answers: [],
}

const json = { 'content-type': 'application/json' }

/** A server that lists these models, and answers all else so. */
async function startServer(answer: () => Response, ...ids: string[]) {
  const asked: string[] = []
  const upstream = new Upstream({
    url: 'http://gpu:8000/v1',
    label: 'gpu',
    async fetch(url: string, init: FetchInit) {
      const { pathname } = new URL(url)
      if (pathname === '/v1/models') {
        return Response.json({ data: ids.map((id) => ({ id, object: 'model' })) }) as never
      }
      asked.push(`${init.method} ${pathname}`)
      return answer() as never
    },
  })
  const { signal } = new AbortController()
  await upstream.models(signal)
  const pass = (model: string | undefined) =>
    upstream.pass(call, model, signal).then(
      ({ status }) => status,
      (error: { status: number; code: string; message: string }) => error,
    )
  return { upstream, asked, pass }
}

describe('a path is missing', () => {
  it.each<[number, string]>([
    [404, ''],
    [404, '{"detail":"Not Found"}'],
    [404, '{"error":{"message":"File Not Found","type":"not_found_error","code":404}}'],
    [404, '404 page not found'],
    [404, '<html><body><pre>Cannot POST /v1/rerank</pre></body></html>'],
    [404, '<html><title>404 Not Found</title><h1>404 Not Found</h1><hr>nginx/1.27.0</html>'],
    [404, '{"error":{"message":"Invalid URL (POST /v1/rerank)","code":null}}'],
    [404, '{"error":{"message":"There is none.","code":"unknown_url"}}'],
    [200, '{"error":"Unexpected endpoint or method. (POST /v1/rerank)"}'],
    [405, '{"detail":"Method Not Allowed"}'],
  ])('where the server answers %i with %j', async (status, text) => {
    const { upstream, asked, pass } = await startServer(
      () => new Response(text, { status, headers: status === 200 ? json : {} }),
      ...['a', 'b'],
    )
    for (let count = 0; count < 2; count++) {
      expect(await pass('a')).toMatchObject({ status: 404, code: 'model_not_capable' })
    }
    expect(asked).toHaveLength(1)
    expect(upstream.lacks(call, 'a')).toBe(true)
    // Another model of a router may have it.
    expect([upstream.lacks(call, 'b'), upstream.lacks(call, undefined)]).toEqual([false, false])
    await pass('b')
    expect(upstream.lacks(call, undefined)).toBe(true)
  })

  it.each<[number, string, string]>([
    [404, `{"detail":"Voice 'nova' not found"}`, "Voice 'nova' not found"],
    [404, '{"error":{"message":"The model `a` does not exist"}}', 'The model `a` does not exist'],
    [404, '{"error":{"message":"File not found: a.wav"}}', 'File not found: a.wav'],
    [501, '{"error":{"message":"No streaming yet.","code":501}}', 'No streaming yet.'],
  ])('not where it answers %i with %j', async (status, text, message) => {
    const { upstream, asked, pass } = await startServer(
      () => new Response(text, { status, headers: json }),
      'a',
    )
    for (let count = 0; count < 2; count++) {
      expect(await pass('a')).toMatchObject({ status, message })
    }
    expect(asked).toHaveLength(2)
    expect(upstream.lacks(call, 'a')).toBe(false)
  })
})

it('an answer without a body has no type that matters', async () => {
  for (const status of [204, 205]) {
    const headers = { 'content-type': 'audio/mpeg' }
    const { pass } = await startServer(() => new Response(null, { status, headers }), 'a')
    expect(await pass('a')).toBe(status)
  }
})
