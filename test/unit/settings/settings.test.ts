import { describe, expect, it, vi } from 'vitest'
import { environmentName, settingsFromEnv } from '../../../src/settings/environment.ts'
import { parseSettings, SettingsError, type SettingsInput } from '../../../src/settings/settings.ts'
import { declarations } from '../../../src/settings/table/table.ts'

/** The message that settings are refused with. */
function refusal(settings: object): string {
  try {
    parseSettings(settings as SettingsInput)
  } catch (error) {
    expect(error).toBeInstanceOf(SettingsError)
    return (error as Error).message
  }
  throw new Error('These settings were taken.')
}

/** The message that an environment is refused with. */
function refusalOfEnv(env: Record<string, unknown>): string {
  try {
    settingsFromEnv(env)
  } catch (error) {
    expect(error).toBeInstanceOf(SettingsError)
    return (error as Error).message
  }
  throw new Error('This environment was taken.')
}

describe('defaults', () => {
  it('need no check, and no schema, where complete settings are given again', () => {
    const made = Object.values(declarations).map((field) => vi.spyOn(field, 'schema'))
    const settings = parseSettings(parseSettings({ heartbeat: 2_000 }))
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

describe('upstreams', () => {
  it.each([
    ['http://localhost:11434', 'http://localhost:11434/v1'],
    ['http://localhost:11434/', 'http://localhost:11434/v1'],
    ['http://localhost:11434/v1/', 'http://localhost:11434/v1'],
    ['HTTPS://GPU.example.com/openai/v1', 'https://gpu.example.com/openai/v1'],
    ['http://[::1]:8000', 'http://[::1]:8000/v1'],
  ])('%s is asked at %s', (given, url) => {
    expect(parseSettings({ upstream: [given] }).upstream[0]?.url).toBe(url)
  })

  it('are labelled by their port, by what was given or by their place, each once', () => {
    const { upstream } = parseSettings({
      upstream: ['http://a:11434', 'http://b:11434', 'big=http://c', 'http://d', 'http://e:8000'],
    })
    const labels = upstream.map(({ label }) => label)
    expect(labels).toEqual(['ollama', 'ollama-2', 'big', 'upstream-4', 'vllm'])
  })

  it('leave a given label to the one that it was given to', () => {
    const { upstream } = parseSettings({ upstream: ['http://a:11434', 'ollama=http://b'] })
    expect(upstream.map(({ label }) => label)).toEqual(['ollama-2', 'ollama'])
  })

  it('get their keys in order, empty ones being none', () => {
    const { upstream } = parseSettings({
      upstream: 'http://a, http://b, http://c',
      upstreamKey: ',second',
    })
    expect(upstream.map(({ key }) => key)).toEqual([undefined, 'second', undefined])
  })

  it('need no finish reason, by label or URL', () => {
    const { upstream } = parseSettings({
      upstream: ['one=http://a', 'http://b', 'http://c'],
      lenient: ['one', 'http://b/'],
    })
    const optional = upstream.map(({ finishReason }) => finishReason)
    expect(optional).toEqual(['optional', 'optional', undefined])
  })

  it.each([
    ['localhost:11434', 'expected an http or https URL, such as http://127.0.0.1:11434, got'],
    ['ftp://a', 'expected an http or https URL'],
    ['', 'expected an http or https URL'],
    ['bad label=http://a', 'expected a label of letters, digits'],
    ['static=http://a', 'expected a label that is not taken, got "static"'],
    ['http://a/v1?key=sk-secret', 'expected a URL that ends with its path'],
    ['http://me:sk-secret@a', 'expected a URL without a user'],
  ])('refuse %j', (given, message) => {
    const told = refusal({ upstream: [{ url: given }].map(({ url }) => (url ? url : { url })) })
    expect(told.replace(/\[0\](\.url)?/, '')).toContain(`upstream: ${message}`)
    expect(told).not.toContain('sk-secret')
  })

  it('refuse what does not fit together', () => {
    expect(refusal({ upstream: ['a=http://a', 'a=http://b'] })).toContain('got "a"')
    expect(refusal({ upstream: [{ url: 'http://a', kye: 'k' }] })).toContain('Did you mean key?')
    expect(refusal({ upstream: ['http://a'], lenient: ['b'] })).toContain('lenient: expected')
    expect(refusal({ upstream: ['http://a'], upstreamKey: 'sk-1,sk-2' })).toBe(
      'upstreamKey: expected at most one key for each upstream, got 2 for 1.',
    )
  })

  it('never show a key', () => {
    for (const upstreamKey of [['sk-secret', 'sk-secret'], 'sk-secret é', { key: 'sk-secret' }]) {
      expect(refusal({ upstream: ['http://a'], upstreamKey })).not.toContain('sk-secret')
    }
  })

  it('may be lenient before they are found', () => {
    expect(parseSettings({ lenient: ['ollama'] }).lenient).toEqual(['ollama'])
  })
})

describe('names of models', () => {
  it.each([
    ['SLUICE_ALIAS', 'gpt-4o=qwen3:8b, gpt-4=m', { alias: { 'gpt-4o': 'qwen3:8b', 'gpt-4': 'm' } }],
    ['SLUICE_ALIAS', { a: 'b' }, { alias: { a: 'b' } }],
    ['SLUICE_CONTEXT_FALLBACK', 'm=org/m=128k', { contextFallback: { m: 'org/m=128k' } }],
    ['SLUICE_MAX_CONCURRENCY', '4', { maxConcurrency: 4 }],
    ['SLUICE_QUEUE', '0', { queue: 0 }],
  ])('%s=%s', (variable, value, settings) => {
    expect(settingsFromEnv({ [variable]: value })).toEqual(settings)
  })

  it.each([
    ['SLUICE_ALIAS', 'gpt-4o', 'SLUICE_ALIAS: expected NAME=MODEL, got "gpt-4o".'],
    ['SLUICE_ALIAS', '=m', 'SLUICE_ALIAS: expected NAME=MODEL'],
    ['SLUICE_ALIAS', 'm=', 'SLUICE_ALIAS: expected NAME=MODEL'],
    ['SLUICE_ALIAS', { a: 1 }, 'SLUICE_ALIAS: expected NAME=MODEL, got an object'],
    ['SLUICE_CONTEXT_FALLBACK', 'm', 'SLUICE_CONTEXT_FALLBACK: expected MODEL=FALLBACK, got "m".'],
    [
      'SLUICE_MAX_CONCURRENCY',
      '0',
      'SLUICE_MAX_CONCURRENCY: expected a whole number from 1 to 100000, got "0".',
    ],
  ])('%s=%s is refused', (variable, value, message) => {
    expect(refusalOfEnv({ [variable]: value })).toContain(message)
  })

  it('are no aliases of aliases, and lead in no circle', () => {
    expect(refusal({ alias: { a: 'b', b: 'm' } })).toBe(
      'alias: expected a to stand for a model, got b, which is an alias itself.',
    )
    expect(refusal({ alias: { a: 'a' } })).toContain('got a, which is an alias itself')
    expect(refusal({ contextFallback: { s: 'm', m: 's' } })).toBe(
      'contextFallback: expected chains of models that end, got a circle: s → m → s; remove one of its pairs.',
    )
    expect(parseSettings({ contextFallback: { s: 'm', m: 'l' } }).contextFallback).toEqual({
      s: 'm',
      m: 'l',
    })
  })

  it('may be an upstream’s own', () => {
    const upstream = {
      url: 'http://a',
      maxConcurrency: 2,
      models: ['m', 'x-*'],
      rewrite: { m: 'org/m' },
      nativeApis: ['messages'] as const,
    }
    const settings = parseSettings({ upstream: [upstream] })
    expect(settings.upstream[0]).toMatchObject({ maxConcurrency: 2, models: ['m', 'x-*'] })
    expect(parseSettings(settings)).toEqual(settings)
    const refused = (more: object) => refusal({ upstream: [{ url: 'http://a', ...more }] })
    expect(refused({ maxConcurrency: 0 })).toBe(
      'upstream[0].maxConcurrency: expected a whole number from 1 to 100000, got 0.',
    )
    const thinking = { reasoning: 'reasoning', thinkTags: 'unopened' } as const
    expect(
      parseSettings({ upstream: [{ url: 'http://a', ...thinking }] }).upstream[0],
    ).toMatchObject(thinking)
    expect(refused({ thinkTags: 'no' })).toBe(
      'upstream[0].thinkTags: expected one of keep, separate, unopened, got "no".',
    )
    expect(
      parseSettings({ upstream: [{ url: 'http://a', systemMessages: 'keep' }] }).upstream[0],
    ).toMatchObject({ systemMessages: 'keep' })
    expect(refused({ systemMessages: 'first' })).toBe(
      'upstream[0].systemMessages: expected one of merge, keep, got "first".',
    )
    expect(refused({ reasoning: '' })).toContain('upstream[0].reasoning: expected one of keep,')
    expect(refused({ models: [] })).toContain('upstream[0].models: expected a list of names')
    expect(refused({ rewrite: { m: 1 } })).toContain('upstream[0].rewrite: expected an object')
    for (const nativeApis of ['messages', ['chat'], [1], {}]) {
      expect(refused({ nativeApis })).toContain(
        'upstream[0].nativeApis: expected a list of any of "messages"',
      )
    }
    expect(refused({ maxConcurency: 1 })).toContain('Did you mean maxConcurrency?')
  })
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
    [{ SLUICE_CONFIG: '{' }, 'SLUICE_CONFIG: expected a JSON object, got text that is not JSON.'],
    [{ SLUICE_CONFIG: '[]' }, 'SLUICE_CONFIG: expected a JSON object, got an array.'],
    [{ SLUICE_CONFIG: '{"toString": 1}' }, 'SLUICE_CONFIG: toString: there is no such setting.'],
  ])('%j is refused', (env, message) => {
    expect(refusalOfEnv(env)).toContain(message)
  })
})

it('names the near ones of an unknown setting', () => {
  expect(refusal({ hearbeat: 1 })).toBe(
    'hearbeat: there is no such setting. Did you mean heartbeat?',
  )
  expect(refusal({ zzzzzz: 1 })).toBe('zzzzzz: there is no such setting.')
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
