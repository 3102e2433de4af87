// Streams where no request may be woken by another, and no Durable Object has them: only the request that runs
// one can follow it.

import { expect, it } from 'vitest'
import { defineEngine } from '../../../../src/engines/custom/define-engine.ts'
import { createHostedHandler } from '../../../../src/handler.ts'

const engine = defineEngine({
  label: 'words',
  models: ['m'],
  async *chat() {
    for (const word of ['one ', 'two ', 'three']) {
      yield word
      await new Promise((resolve) => setTimeout(resolve, 150))
    }
  },
})

const handler = createHostedHandler(
  {},
  { engines: [engine as never], exposure: 'machine', isolateRequests: true },
)

function ask(path: string, body?: object): Promise<Response> {
  const headers = { 'content-type': 'application/json', 'x-sluice-resume': '1' }
  const asked = body && { method: 'POST', headers, body: JSON.stringify({ model: 'm', ...body }) }
  const waitUntil = (promise: Promise<unknown>) => void promise.catch(() => {})
  return handler.fetch(new Request(`http://127.0.0.1${path}`, asked), { waitUntil })
}

const chat = { messages: [{ role: 'user', content: 'Hi' }], stream: true }

it('resumes a stream when it has ended', async () => {
  const response = await ask('/v1/chat/completions', chat)
  const where = response.headers.get('x-sluice-resume') ?? ''
  const during = await ask(where)
  expect(during.status).toBe(409)
  expect(await during.text()).toContain('stream_running')
  const events = await response.text()
  expect(events).toContain('[DONE]')
  await expect.poll(async () => (await ask(where)).status).toBe(200)
  expect(await (await ask(where)).text()).toBe(events)
})

it('follows a response in the background when it has ended', async () => {
  const body = { input: 'Hi', background: true }
  const { id } = (await (await ask('/v1/responses', body)).json()) as { id: string }
  const during = await ask(`/v1/responses/${id}?stream=true`)
  expect(during.status).toBe(400)
  expect(await during.json()).toMatchObject({ error: { param: 'stream' } })
  const stored = async () => (await ask(`/v1/responses/${id}`)).json()
  await expect.poll(stored).toMatchObject({ status: 'completed' })
  const events = await (await ask(`/v1/responses/${id}?stream=true`)).text()
  expect(events).toContain('response.completed')
})

it('names no address where all streams that can be resumed are in objects', async () => {
  const asked: string[] = []
  const deployed = createHostedHandler(
    {},
    {
      engines: [engine as never],
      exposure: 'machine',
      isolateRequests: true,
      // One that takes no request, as if it had not seen that this is for it.
      elsewhere: async ({ url }) => {
        asked.push(url)
        return undefined
      },
    },
  )
  const headers = { 'content-type': 'application/json', 'x-sluice-resume': '1' }
  const body = JSON.stringify({ model: 'm', ...chat })
  const url = 'http://127.0.0.1/v1/chat/completions'
  const response = await deployed.fetch(new Request(url, { method: 'POST', headers, body }), {
    waitUntil: (promise: Promise<unknown>) => void promise.catch(() => {}),
  })
  expect(asked).toEqual([url])
  expect(response.headers.get('x-sluice-resume')).toBeNull()
  expect(await response.text()).toContain('[DONE]')
})
