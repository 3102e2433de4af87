import { expect, it } from 'vitest'
import { createHandler, defineEngine } from '../../../../src/index.ts'

const engine = defineEngine({
  label: 'endless',
  models: ['endless'],
  async *chat(_, signal) {
    while (!signal.signal.aborted) {
      yield 'on '
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  },
})

it('tells in the activity which stream can be resumed, and when nobody reads it', async () => {
  const handler = createHandler({
    engines: [engine],
    authenticate: () => ({ name: 'ann', admin: true }),
  })
  const ask = (path: string, init?: RequestInit) =>
    handler.fetch(new Request(`http://127.0.0.1${path}`, init))
  const recordOf = async () => {
    const list = (await (await ask('/v1/activity')).json()) as { requests: object[] }
    return list.requests.find((record) => 'model' in record)
  }
  const body = { model: 'endless', stream: true, messages: [{ role: 'user', content: 'Go' }] }
  const headers = { 'content-type': 'application/json', 'x-sluice-resume': '1' }
  const asked = { method: 'POST', headers, body: JSON.stringify(body) }
  const response = await ask('/v1/chat/completions', asked)
  const path = response.headers.get('x-sluice-resume') ?? ''
  const read = await recordOf()
  expect(read).toMatchObject({ stream: path.replace('/v1/streams/', '') })
  expect(read).not.toHaveProperty('unread')
  await response.body?.cancel()
  await expect.poll(recordOf, { timeout: 8_000 }).toMatchObject({ unread: true })
  await ask(path, { method: 'DELETE' })
})
