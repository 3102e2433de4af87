import { describe, expect, it, vi } from 'vitest'
import { environmentName, settingsFromEnv } from '../../../src/settings/environment.ts'
import { parseSettings } from '../../../src/settings/settings.ts'
import { declarations } from '../../../src/settings/table/table.ts'
import { refusal, refusalOfEnv } from './refusal.ts'

describe('defaults', () => {
  it('need no check, and no schema, where complete settings are given again', async () => {
    // Schemas are made once: those that other tests needed are there already.
    vi.resetModules()
    const fresh = await import('../../../src/settings/settings.ts')
    const { declarations } = await import('../../../src/settings/table/table.ts')
    const made = Object.values(declarations).map((field) => vi.spyOn(field, 'schema'))
    const settings = fresh.parseSettings(fresh.parseSettings({ heartbeat: 2_000 }))
    const names = Object.keys(declarations).filter((_, index) => made[index]?.mock.calls.length)
    for (const each of made) each.mockRestore()
    expect(settings.heartbeat).toBe(2_000)
    expect(names).toContain('heartbeat')
    expect(names).not.toContain('tokenTimeout')
  })

  it('are complete', () => {
    const settings = parseSettings()
    expect(settings).toMatchObject({
      port: 8787,
      host: '127.0.0.1',
      upstream: [],
      lenient: [],
      discover: true,
      staticDelay: 100,
      reasoning: 'keep',
      thinkTags: 'keep',
      systemMessages: 'merge',
      headerWait: 5_000,
      heartbeat: 10_000,
      answerTimeout: 900_000,
      firstTokenTimeout: 600_000,
      tokenTimeout: 300_000,
      clientTimeout: 300_000,
      grace: 10_000,
      maxBody: 20_000_000,
      log: 'auto',
    })
    expect(settings.model).toBeUndefined()
    expect(settings.staticText.split(' ').length).toBeGreaterThan(8)
  })

  it('look for servers only where none is given, unless they are told to', () => {
    expect(parseSettings({ upstream: ['http://a'] }).discover).toBe(false)
    expect(parseSettings({ upstream: ['http://a'], discover: true }).discover).toBe(true)
    expect(parseSettings({ discover: false }).discover).toBe(false)
  })

  it('do not take the place of undefined alone', () => {
    expect(parseSettings({ port: undefined, staticDelay: 0 })).toMatchObject({
      port: 8787,
      staticDelay: 0,
    })
  })
})

it('takes what it gave: parsed settings are settings', () => {
  const once = parseSettings({
    upstream: ['http://a:11434', { url: 'http://b/api/', key: 'k', lenient: true }],
    upstreamKey: ['first'],
    lenient: ['ollama'],
  })
  expect(parseSettings(once)).toEqual(once)
  expect(parseSettings(JSON.parse(JSON.stringify(once)))).toEqual(once)
})

describe('text', () => {
  it.each([
    ['SLUICE_HEARTBEAT', '500', { heartbeat: 500 }],
    ['SLUICE_HEARTBEAT', '10s', { heartbeat: 10_000 }],
    ['SLUICE_HEARTBEAT', '1.5m', { heartbeat: 90_000 }],
    ['SLUICE_GRACE', '1h', { grace: 3_600_000 }],
    ['SLUICE_STATIC_DELAY', '0', { staticDelay: 0 }],
    ['SLUICE_STATIC_DELAY', ' 20 ms ', { staticDelay: 20 }],
    ['SLUICE_MAX_BODY', '20MB', { maxBody: 20_000_000 }],
    ['SLUICE_MAX_BODY', '2 MiB', { maxBody: 2_097_152 }],
    ['SLUICE_MAX_BODY', '5000', { maxBody: 5_000 }],
    ['SLUICE_PORT', '0', { port: 0 }],
    ['SLUICE_PORT', 9000, { port: 9_000 }],
    ['SLUICE_DISCOVER', 'no', { discover: false }],
    ['SLUICE_DISCOVER', '1', { discover: true }],
    ['SLUICE_MODEL', '', {}],
    ['SLUICE_LENIENT', 'a,b', { lenient: ['a', 'b'] }],
    ['OTHER', 'x', {}],
  ])('%s=%s', (variable, value, settings) => {
    expect(settingsFromEnv({ [variable]: value })).toEqual(settings)
  })

  it.each([
    ['SLUICE_HEARTBEAT', '10 days', 'expected a time from 10ms to 24h, such as 500ms, 10s or 1.5m'],
    ['SLUICE_HEARTBEAT', '0', 'expected a time from 10ms to 24h'],
    ['SLUICE_STATIC_DELAY', '61s', 'expected a time from 0 to 60s'],
    ['SLUICE_STATIC_DELAY', '-1', 'expected a time'],
    ['SLUICE_MAX_BODY', '10 parsecs', 'expected a size from 1kB to 1GB'],
    ['SLUICE_MAX_BODY', '10ms', 'expected a size'],
    ['SLUICE_PORT', '65536', 'expected a port from 0 to 65535, got "65536"'],
    ['SLUICE_PORT', '80.5', 'expected a port'],
    ['SLUICE_DISCOVER', 'maybe', 'expected true or false, got "maybe"'],
    ['SLUICE_LOG', 'xml', 'expected one of auto, text, json, none, got "xml"'],
    ['SLUICE_REASONING', 'thoughts', 'expected one of keep, reasoning, reasoning_content'],
    ['SLUICE_HOST', 'http://a', 'expected an address to listen on'],
    ['SLUICE_UPSTREAM', 'nope', 'expected an http or https URL'],
  ])('%s=%s is refused', (variable, value, message) => {
    const told = refusalOfEnv({ [variable]: value })
    expect(told).toContain(`${variable}: ${message}`)
    expect(told).not.toContain('\n')
  })
})

describe('the environment', () => {
  it('knows every setting by its name', () => {
    expect(environmentName('firstTokenTimeout')).toBe('SLUICE_FIRST_TOKEN_TIMEOUT')
    for (const name of Object.keys(declarations)) {
      expect(settingsFromEnv({ [environmentName(name)]: '' })).toEqual({})
    }
  })

  it('goes before SLUICE_CONFIG', () => {
    const env = { SLUICE_CONFIG: '{"port": 1, "staticDelay": "2s"}', SLUICE_PORT: '2' }
    expect(settingsFromEnv(env)).toEqual({ port: 2, staticDelay: 2_000 })
    expect(settingsFromEnv({ SLUICE_CONFIG: { port: 3 } })).toEqual({ port: 3 })
  })

  it.each([
    [{ SLUICE_PROT: '1' }, 'SLUICE_PROT: there is no such setting. Did you mean SLUICE_PORT'],
    [
      { SLUICE_CONFIG: '{"prot": 1}' },
      'SLUICE_CONFIG: prot: there is no such setting. Did you mean port',
    ],
    [{ SLUICE_CONFIG: '{"port": "x"}' }, 'SLUICE_CONFIG: port: expected a port'],
    [
      { SLUICE_CONFIG: '{' },
      'SLUICE_CONFIG: expected a JSON object, got text that is not JSON at line 1, column 2; write a name in double quotes or "}" there.',
    ],
    [{ SLUICE_CONFIG: '[]' }, 'SLUICE_CONFIG: expected a JSON object, got an empty array.'],
    [{ SLUICE_CONFIG: '{"toString": 1}' }, 'SLUICE_CONFIG: toString: there is no such setting.'],
  ])('%j is refused', (env, message) => {
    expect(refusalOfEnv(env)).toContain(message)
  })
})

it('names the near ones of an unknown setting', () => {
  expect(refusal({ hearbeat: 1 })).toBe(
    'hearbeat: there is no such setting. Did you mean heartbeat?',
  )
  expect(refusal({ zzzzzz: 1 })).toBe(
    'zzzzzz: there is no such setting. docs/settings.md and --help list them.',
  )
})

it('takes no notice of the names Kubernetes gives a service called sluice', () => {
  const env = {
    SLUICE_SERVICE_HOST: '10.0.0.1',
    SLUICE_SERVICE_PORT: '80',
    SLUICE_PORT: 'tcp://10.0.0.1:80',
    SLUICE_PORT_80_TCP_ADDR: '10.0.0.1',
    SLUICE_STATIC_DELAY: '5ms',
  }
  expect(settingsFromEnv(env)).toEqual({ staticDelay: 5 })
})
