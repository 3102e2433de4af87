import { expect, it } from 'vitest'
import { createHostedHandler } from '../../../../src/handler.ts'
import { piecesOf } from '../../../../src/platform/body-pieces.ts'
import type { FetchInit } from '../../../../src/platform/fetch.ts'

const models = { object: 'list', data: [{ id: 'm', object: 'model', created: 1, owned_by: 'x' }] }

it.each([
  [true, undefined],
  [false, true],
])('where the setting retry is %s, sending a request once at most is %s', async (retry, once) => {
  const sent: FetchInit[] = []
  const upstream = [{ label: 'gpu', url: 'http://127.0.0.1:1/v1' }]
  const handler = createHostedHandler(
    { discover: false, insecure: true, upstream, retry },
    {
      fetch: async (_url, init) => {
        sent.push(init)
        if (init.method !== 'POST') return Response.json(models)
        return Response.json({ error: { message: 'no' } }, { status: 400 })
      },
    },
  )
  const headers = { 'content-type': 'application/json' }
  const messages = [{ role: 'user', content: 'Hi '.repeat(100_000) }]
  const body = JSON.stringify({ model: 'm', messages, user: 'a' })
  const request = new Request('http://localhost/v1/chat/completions', {
    method: 'POST',
    headers,
    body,
  })
  expect((await handler.fetch(request)).status).toBe(400)
  expect(
    sent.map(({ method = 'GET', once: isOnce = undefined }) => [method, isOnce || undefined]),
  ).toEqual([
    ['GET', undefined],
    ['POST', once],
  ])
  // Joining them is left to a host that needs one piece.
  expect(sent.map((init) => piecesOf(init) !== undefined)).toEqual([false, true])
})
