import { describe, expect, it, vi } from 'vitest'
import * as parts from '../../src/parts.ts'
import { allParts } from '../../src/routes/table.ts'

const { chat, composeHandler, models, partSettings } = parts

it('exports every part by its name', () => {
  const { composeHandler: _, partSettings: __, ...exported } = parts
  expect(Object.keys(exported).sort()).toEqual(allParts.map(({ name }) => name).sort())
  for (const part of allParts) expect(Object.values(exported)).toContain(part)
})

it('composes a handler of some of them, with settings out of an environment', async () => {
  const list = [chat, models, parts.builtIn]
  const env = { SLUICE_INSECURE: '1', SLUICE_STATIC_TEXT: 'Some words', PATH: '/bin' }
  const handler = composeHandler(list, partSettings(list, env), { basePath: '/ai' })
  const ask = (path: string) => handler.fetch(new Request(`http://localhost${path}`))
  expect((await ask('/ai/v1/models')).status).toBe(200)
  expect(await (await ask('/ai/v1/captures')).text()).toContain('without the part')
})

it('asks the function of the program who sends a request', async () => {
  const authenticate = ({ headers }: Request) => {
    const name = headers.get('x-user')
    return name === null ? undefined : { name, models: ['none'] }
  }
  const handler = composeHandler([chat, models], {}, { authenticate })
  const ask = (headers: Record<string, string>) =>
    handler.fetch(new Request('http://localhost/v1/models/some', { headers }))
  expect((await ask({})).status).toBe(401)
  expect((await ask({ 'x-user': 'ann' })).status).toBe(403)
  expect(
    (await composeHandler([models]).fetch(new Request('http://localhost/v1/models'))).status,
  ).toBe(503)
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

describe('what composeHandler is given', () => {
  const make =
    (...given: unknown[]) =>
    () =>
      (composeHandler as (...args: unknown[]) => unknown)(...given)

  it.each([
    ['nothing', undefined, 'parts: expected a list of parts'],
    ['a part alone', chat, 'parts: expected a list of parts'],
    ['a name', ['chat'], 'parts[0]: expected a part'],
    ['a hole in the list', [chat, undefined], 'parts[1]: expected a part'],
    ['something with another name', [{ name: 'constructor' }], 'parts[0]: expected a part'],
  ])('is refused where the parts are %s', (_, list, message) => {
    expect(make(list, { insecure: true })).toThrow(message)
    expect(() => partSettings(list as never, {})).toThrow(message)
  })

  it.each([
    [
      'engines',
      [{ label: 'mine' }],
      'engines[0]: expected an engine that was made by defineEngine',
    ],
    ['engines', 5, 'engines: expected'],
    ['authenticate', 'ann', 'authenticate: expected a function'],
    ['fetch', {}, 'fetch: expected a function'],
    ['files', {}, 'files: expected a function'],
    ['log', 'json', 'log: expected a function'],
    ['limits', { admit() {} }, 'limits: expected an object with the methods'],
  ])('is refused where the option %s is wrong', (name, value, message) => {
    expect(make([chat], {}, { [name]: value })).toThrow(message)
  })

  it('may have options that are undefined, and must be an object', () => {
    expect(make([chat], {}, { limits: undefined, basePath: undefined })).not.toThrow()
    expect(make([chat], {}, null)).toThrow('options: expected an object, got null')
  })

  it('is refused where a setting asks for what only a server can do', () => {
    expect(make([parts.tabs, parts.balancing], { tabs: true })).toThrow(
      'tabs: this setting is not supported',
    )
    expect(make([parts.tabs, parts.balancing], { tabs: false })).not.toThrow()
    expect(make([chat], { log: 'text' })).toThrow('log: expected')
  })
})

it('writes log entries as JSON where the setting log says so', async () => {
  const written = vi.spyOn(console, 'log').mockImplementation(() => {})
  const handler = composeHandler([models], { insecure: true, log: 'json' })
  await handler.fetch(new Request('http://localhost/v1/models'))
  const [[line] = []] = written.mock.calls
  written.mockRestore()
  expect(JSON.parse(String(line))).toMatchObject({ path: '/v1/models', status: 200 })
})

it('fails a request in time whose limits are in a store that never answers', async () => {
  vi.useFakeTimers()
  const never = () => new Promise<never>(() => {})
  const limits = { admit: never, renew: never, advance: never, settle: never, levels: never }
  const authenticate = () => ({ name: 'ann', requestsPerMinute: 1 })
  const handler = composeHandler([models], {}, { limits, authenticate })
  const asked = handler.fetch(new Request('http://localhost/v1/models'))
  await vi.advanceTimersByTimeAsync(6_000)
  vi.useRealTimers()
  expect((await asked).status).toBe(503)
})
