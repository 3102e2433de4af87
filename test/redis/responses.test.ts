import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RedisProcess, startRedis } from '../support/redis.ts'
import { postResponses, readResponsesStream } from '../support/responses.ts'
import { type Server, startServer } from '../support/server.ts'
import { pace } from '../support/talk.ts'
import { startUpstream, type Upstream } from '../support/upstream.ts'

let redis: RedisProcess
let upstream: Upstream
/** Two instances, on different hosts. */
let bun: Server
let node: Server

beforeAll(async () => {
  ;[redis, upstream] = await Promise.all([startRedis(), startUpstream()])
  const flags = ['--upstream', upstream.url, '--state', redis.url]
  ;[bun, node] = await Promise.all([startServer('bun', flags), startServer('node', flags)])
})

afterAll(async () => {
  await Promise.all([bun?.kill(), node?.kill(), redis?.stop(), upstream?.close()])
})

interface Answer {
  id: string
  status: string
  output: { id: string }[]
  error: { code: string; message: string } | null
}

async function answer(response: Response): Promise<Answer> {
  return (await response.json()) as Answer
}

async function ask({ base }: Server, body: object): Promise<Answer> {
  const response = await postResponses(base, {
    stream: false,
    script: { persona: 'vllm', words: ['tok', 'tok', 'tok'] },
    ...body,
  })
  expect(response.status).toBe(200)
  return answer(response)
}

const url = ({ base }: Server, id: string) => `${base}/responses/${id}`

describe('responses on several instances', () => {
  it('are read, continued, referred to and deleted at another instance', async () => {
    const first = await ask(bun, { input: 'One.' })
    const read = await fetch(url(node, first.id))
    expect(await read.json()).toEqual(await (await fetch(url(bun, first.id))).json())
    const second = await ask(node, { input: 'Two.', previous_response_id: first.id })
    const sent = JSON.stringify(upstream.requests.at(-1)?.body)
    for (const text of ['One.', 'tok', 'Two.']) expect(sent).toContain(text)
    const reference = { type: 'item_reference', id: first.output[0]?.id }
    await ask(bun, { input: [reference, { role: 'user', content: 'Three.' }] })
    expect(JSON.stringify(upstream.requests.at(-1)?.body)).toContain('tok tok tok')
    const items = await fetch(`${url(bun, second.id)}/input_items`)
    expect(JSON.stringify(await items.json())).toContain('One.')
    expect((await fetch(url(bun, second.id), { method: 'DELETE' })).status).toBe(200)
    expect((await fetch(url(node, second.id))).status).toBe(404)
  })

  it('are followed and cancelled at another instance while they run in the background', async () => {
    const script = pace(200, 25)
    const begun = await ask(bun, { background: true, script })
    const followed = await fetch(`${url(node, begun.id)}?stream=true`)
    expect(followed.status).toBe(200)
    const reading = readResponsesStream(followed)
    await expect
      .poll(() => upstream.requests.at(-1)?.sentBytes, { timeout: 10_000 })
      .toBeGreaterThan(500)
    const at = performance.now()
    const cancelled = await fetch(`${url(node, begun.id)}/cancel`, { method: 'POST' })
    expect(cancelled.status).toBe(200)
    const hungUp = await upstream.requests.at(-1)?.closedWithin()
    expect((hungUp ?? 0) - at).toBeLessThan(3_000)
    expect((await reading).text).toMatch(/^(tok)+$/)
    for (const server of [bun, node]) {
      const status = async () => (await answer(await fetch(url(server, begun.id)))).status
      await expect.poll(status, { timeout: 10_000 }).toBe('cancelled')
    }
  })

  it('are stored here alone while the store is frozen, and everywhere when it is back', async () => {
    const earlier = await ask(node, { input: 'Earlier.' })
    redis.freeze()
    try {
      const refused = await postResponses(node.base, { previous_response_id: earlier.id })
      expect(refused.status).toBe(503)
      expect(refused.headers.get('retry-after')).toBe('5')
      expect((await answer(refused)).error?.code).toBe('state_unavailable')
      const here = await ask(node, { input: 'Here.' })
      const more = await ask(node, { input: 'More.', previous_response_id: here.id })
      expect((await answer(await fetch(url(node, more.id)))).id).toBe(more.id)
      redis.thaw()
      const found = async () => (await fetch(url(bun, more.id))).status
      await expect.poll(found, { timeout: 20_000, interval: 200 }).toBe(200)
      expect((await answer(await fetch(url(bun, here.id)))).status).toBe('completed')
    } finally {
      redis.thaw()
    }
  })
})
