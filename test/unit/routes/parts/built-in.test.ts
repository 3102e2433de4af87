import { expect, it } from 'vitest'
import { createComposedHandler } from '../../../../src/composed-handler.ts'
import { builtIn } from '../../../../src/routes/parts/built-in.ts'
import { chat } from '../../../../src/routes/parts/chat.ts'
import { composeSome, readerOf } from '../../../../src/routes/parts/compose-some.ts'
import { health } from '../../../../src/routes/parts/health.ts'
import type { HandlerPart } from '../../../../src/routes/parts/part.ts'

/** What a handler without upstreams, of these parts and of `chat` and `health`, says of its engines. */
async function told(more: HandlerPart[]) {
  const parts = [chat, health, ...more]
  const settings = readerOf(parts).parse({ insecure: true })
  const handler = createComposedHandler(composeSome(parts), settings, { exposure: 'machine' })
  const ask = async (path: string, body?: object) => {
    const init = body && {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }
    return (await handler.fetch(new Request(`http://localhost${path}`, init))).text()
  }
  const messages = [{ role: 'user', content: 'Hi' }]
  return {
    listed: await handler.refresh(),
    health: JSON.parse(await ask('/health')),
    other: await ask('/v1/chat/completions', { model: 'none', messages }),
    unnamed: await ask('/v1/chat/completions', { messages }),
  }
}

it('the built-in engine is shown where the handler has it', async () => {
  const { listed, health, other } = await told([builtIn])
  expect(listed).toMatchObject([{ engine: 'static' }])
  expect(health).toMatchObject({ status: 'ok', engines: [{ engine: 'static' }] })
  expect(other).toContain('only the built-in model')
})

it('and nobody is shown one that it does not have', async () => {
  const { listed, health, other, unnamed } = await told([])
  expect(listed).toEqual([])
  expect(health).toMatchObject({ status: 'unavailable', engines: [] })
  expect(other).toContain('no model server was found; start a server')
  expect(unnamed).toContain('configure an upstream')
})
