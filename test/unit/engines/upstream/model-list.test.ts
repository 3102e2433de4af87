import { expect, it } from 'vitest'
import { UpstreamClient } from '../../../../src/engines/upstream/client.ts'
import { UpstreamModelList } from '../../../../src/engines/upstream/model-list.ts'
import { createHandler } from '../../../../src/handler.ts'

const list = (...ids: string[]) =>
  JSON.stringify({ object: 'list', data: ids.map((id) => ({ id, object: 'model' })) })

it('a list that is the same as the last one has the same models, and another one has others', async () => {
  let text = list('a', 'b')
  const client = new UpstreamClient({
    ...{ url: 'http://gpu.test/v1', label: 'gpu', key: '' },
    fetch: async () => new Response(text) as never,
  })
  const models = new UpstreamModelList()
  const read = () => models.read(client, { signal: AbortSignal.timeout(5_000) })
  const first = await read()
  expect(await read()).toBe(first)
  text = list('a', 'ü')
  const second = await read()
  expect(second.map(({ id }) => id)).toEqual(['a', 'ü'])
  expect(await read()).toBe(second)
  for (const wrong of [
    '{"data":',
    '{"data":1}',
    `{"a":${'['.repeat(2_000)}${']'.repeat(2_000)}}`,
  ]) {
    text = wrong
    await expect(read()).rejects.toMatchObject({ status: 502, code: 'upstream_invalid' })
    await expect(read()).rejects.toMatchObject({ status: 502, code: 'upstream_invalid' })
  }
  text = list('a', 'ü')
  expect(await read()).toBe(second)
})

it('each caller sees the models that there are now, and that it may use', async () => {
  let text = list('a', 'b', 'c')
  const handler = createHandler({
    upstream: ['gpu=http://gpu.test/v1'],
    alias: { short: 'b' },
    authenticate: (request) => {
      const models = request.headers.get('x-models')
      return {
        name: `caller-${models?.length ?? 0}`,
        ...(models !== null && { models: models.split(' ') }),
      }
    },
    fetch: async (url) =>
      String(url).endsWith('/models') ? new Response(text) : new Response('{}', { status: 404 }),
  })
  const seen = async (models?: string) => {
    const headers = models === undefined ? undefined : { 'x-models': models }
    const request = new Request('http://127.0.0.1/v1/models', { ...(headers && { headers }) })
    const response = await handler.fetch(request)
    const { object, data, ...rest } = (await response.json()) as {
      object: string
      data: { id: string }[]
    }
    expect([object, rest]).toEqual(['list', {}])
    return data.map(({ id }) => id)
  }
  expect(await seen()).toEqual(['a', 'b', 'c', 'short', 'static'])
  expect(await seen('a short')).toEqual(['a', 'short'])
  expect(await seen()).toEqual(['a', 'b', 'c', 'short', 'static'])
  text = list('a', 'd')
  expect(await seen('a short')).toEqual(['a'])
  expect(await seen()).toEqual(['a', 'd', 'static'])
})
