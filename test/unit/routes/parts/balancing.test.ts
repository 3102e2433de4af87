import { afterEach, describe, expect, it, vi } from 'vitest'
import { createComposedHandler } from '../../../../src/composed-handler.ts'
import { defineEngine } from '../../../../src/engines/custom/define-engine.ts'
import { affinity } from '../../../../src/routes/parts/affinity.ts'
import { balancing } from '../../../../src/routes/parts/balancing.ts'
import { chat } from '../../../../src/routes/parts/chat.ts'
import { composeSome, readerOf } from '../../../../src/routes/parts/compose-some.ts'
import type { HandlerPart } from '../../../../src/routes/parts/part.ts'
import { tabs } from '../../../../src/routes/parts/tabs.ts'

describe('parts that need another', () => {
  it.each([affinity, tabs])('are refused without it: $name', (part) => {
    expect(() => composeSome([chat, part])).toThrow(
      `parts: expected "balancing" beside "${part.name}", got none; add it, or remove "${part.name}".`,
    )
    expect(() => composeSome([chat, part, balancing])).not.toThrow()
  })

  it('refuse an engine whose limit nobody would hold', () => {
    const engine = { ...defineEngine({ label: 'own', models: ['m'], chat: () => ['a'] }) }
    const limited = { ...engine, maxConcurrency: 2 } as never
    const settings = readerOf([chat]).parse({ insecure: true })
    const make = (parts: HandlerPart[]) =>
      createComposedHandler(composeSome(parts), settings, { engines: [limited] })
    expect(() => make([chat])).toThrow('engines: expected none with maxConcurrency')
    expect(() => make([chat, balancing])).not.toThrow()
  })
})

describe('upstreams without balancing', () => {
  it('are asked in their order, and the next one after a failure', async () => {
    const asked: string[] = []
    const ask = await asker((host) => {
      asked.push(host)
      return host === 'a' ? 500 : 200
    })
    const answers = await Promise.all([ask(), ask(), ask()])
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
    expect(asked.toSorted()).toEqual(['a', 'a', 'a', 'b', 'b', 'b'])
  })

  it.each([500, 429])('are asked last for a while after they failed with %i', async (status) => {
    vi.useFakeTimers({ toFake: ['performance'] })
    const asked: string[] = []
    let ofA = status
    const ask = await asker((host) => {
      asked.push(host)
      return host === 'a' ? ofA : 200
    })
    const statuses = []
    for (let i = 0; i < 60; i++) statuses.push((await ask()).status)
    expect(new Set(statuses)).toEqual(new Set([200]))
    expect(asked.filter((host) => host === 'a')).toHaveLength(1)
    ofA = 200
    vi.advanceTimersByTime(11_000)
    asked.length = 0
    await ask()
    await ask()
    expect(asked).toEqual(['a', 'a'])
  })

  it('are asked in their order where all of them failed', async () => {
    const asked: string[] = []
    let status = 500
    const ask = await asker((host) => {
      asked.push(host)
      return status
    })
    expect((await ask()).status).toBe(500)
    status = 200
    asked.length = 0
    expect((await ask()).status).toBe(200)
    expect(asked).toEqual(['a'])
  })
})

afterEach(() => {
  vi.useRealTimers()
})

/** Asks a handler whose upstreams a and b answer chats with the status that `statusOf` returns. */
async function asker(statusOf: (host: string) => number) {
  const fetch = async (url: string) => {
    const { host, pathname } = new URL(url)
    if (pathname.endsWith('/models')) {
      return Response.json({ data: [{ id: 'm', object: 'model', created: 1, owned_by: 'x' }] })
    }
    const status = statusOf(host)
    if (status !== 200) return Response.json({ error: 'broken' }, { status })
    const message = { role: 'assistant', content: 'Hi' }
    return Response.json({ choices: [{ index: 0, message, finish_reason: 'stop' }] })
  }
  const upstream = ['a=http://a', 'b=http://b']
  const settings = readerOf([chat]).parse({ insecure: true, upstream })
  const handler = createComposedHandler(composeSome([chat]), settings, { fetch: fetch as never })
  await handler.refresh()
  const body = JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'Hi' }] })
  const headers = { 'content-type': 'application/json' }
  return () =>
    handler.fetch(
      new Request('http://localhost/v1/chat/completions', { method: 'POST', headers, body }),
    )
}
