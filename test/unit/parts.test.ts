import { expect, it } from 'vitest'
import * as parts from '../../src/parts.ts'
import { allParts } from '../../src/routes/table.ts'

const { chat, composeHandler, models, partSettings } = parts

it('exports every part by its name', () => {
  const { composeHandler: _, partSettings: __, ...exported } = parts
  expect(Object.keys(exported).sort()).toEqual(allParts.map(({ name }) => name).sort())
  for (const part of allParts) expect(Object.values(exported)).toContain(part)
})

it('composes a handler of some of them, with settings out of an environment', async () => {
  const list = [chat, models]
  const env = { SLUICE_INSECURE: '1', SLUICE_STATIC_TEXT: 'Some words', PATH: '/bin' }
  const handler = composeHandler(list, partSettings(list, env), { basePath: '/ai' })
  const ask = (path: string) => handler.fetch(new Request(`http://localhost${path}`))
  expect((await ask('/ai/v1/models')).status).toBe(200)
  expect(await (await ask('/ai/v1/captures')).text()).toContain('without the part')
})

it('composes all of them', async () => {
  const handler = composeHandler(allParts, { insecure: true, discover: false })
  for (const path of ['/v1/models', '/v1/activity', '/metrics', '/status', '/api/tags']) {
    const response = await handler.fetch(new Request(`http://localhost${path}`))
    // Without keys, whoever asks a server that anyone can reach is no admin.
    expect([200, 403]).toContain(response.status)
  }
})

it('refuses what it does not know', () => {
  expect(() => composeHandler([chat], { port: 80 })).toThrow('port: this setting is for a server')
  expect(() => composeHandler([chat], {}, { limit: {} } as never)).toThrow(
    'limit: there is no such option. Did you mean limits?',
  )
  expect(() => composeHandler([chat], {}, { basePath: '/ai/' })).toThrow('basePath: expected')
})
