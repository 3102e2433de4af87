import { describe, expect, it } from 'vitest'
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
    const fetch = async (url: string) => {
      const { host, pathname } = new URL(url)
      if (pathname.endsWith('/models')) {
        return Response.json({ data: [{ id: 'm', object: 'model', created: 1, owned_by: 'x' }] })
      }
      asked.push(host)
      if (host === 'a') return Response.json({ error: 'broken' }, { status: 500 })
      const message = { role: 'assistant', content: 'Hi' }
      return Response.json({ choices: [{ index: 0, message, finish_reason: 'stop' }] })
    }
    const settings = readerOf([chat]).parse({
      insecure: true,
      upstream: ['a=http://a', 'b=http://b'],
    })
    const handler = createComposedHandler(composeSome([chat]), settings, { fetch: fetch as never })
    const ask = () =>
      handler.fetch(
        new Request('http://localhost/v1/chat/completions', {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'Hi' }] }),
        }),
      )
    await handler.refresh()
    const answers = await Promise.all([ask(), ask(), ask()])
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
    expect(asked.toSorted()).toEqual(['a', 'a', 'a', 'b', 'b', 'b'])
  })
})
