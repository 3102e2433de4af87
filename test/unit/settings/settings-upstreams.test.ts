import { describe, expect, it } from 'vitest'
import { settingsFromEnv } from '../../../src/settings/environment.ts'
import { parseSettings } from '../../../src/settings/settings.ts'
import { refusal, refusalOfEnv } from './refusal.ts'

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
    ['static=http://a', 'expected a label that no other engine has, got "static"'],
    ['http://a/v1?key=sk-secret', 'expected a URL that ends with its path'],
    ['http://me:sk-secret@a', 'expected a URL without a user'],
  ])('refuse %j', (given, message) => {
    const told = refusal({ upstream: [{ url: given }].map(({ url }) => (url ? url : { url })) })
    expect(told.replace(/\[0\](\.url|\.label)?/, '')).toContain(`upstream: ${message}`)
    expect(told).not.toContain('sk-secret')
  })

  it('refuse what does not fit together', () => {
    expect(refusal({ upstream: ['a=http://a', 'a=http://b'] })).toContain('got "a"')
    expect(refusal({ upstream: [{ url: 'http://a', kye: 'k' }] })).toContain('Did you mean key?')
    expect(refusal({ upstream: ['http://a'], lenient: ['b'] })).toContain('lenient: expected')
    expect(refusal({ upstream: ['http://a'], upstreamKey: 'sk-1,sk-2' })).toBe(
      'upstreamKey: expected at most one key for each upstream, got 2 for 1; remove the others, or add their upstreams.',
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
    ['SLUICE_ALIAS', { a: 1 }, 'SLUICE_ALIAS.a: expected the name of a model for "a", got 1.'],
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
      'alias.a: expected a to stand for a model, got b, which is an alias itself; name the model that b stands for.',
    )
    expect(refusal({ alias: { a: 'a' } })).toContain('got a, which is an alias itself')
    expect(refusal({ contextFallback: { s: 'm', m: 's' } })).toBe(
      'contextFallback.s: expected chains of models that end, got a circle: s → m → s; remove one of its pairs.',
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
    expect(refused({ rewrite: { m: 1 } })).toContain(
      'upstream[0].rewrite.m: expected the name of a model for "m", got 1.',
    )
    for (const contextLength of [4096, { 'qwen3:*': 32_768, m: 1 }]) {
      const given = parseSettings({ upstream: [{ url: 'http://a', contextLength }] })
      expect(given.upstream[0]).toMatchObject({ contextLength })
    }
    for (const contextLength of [0, 1.5, '8k', { m: 0 }, { m: '8k' }, { '': 1 }, [4096]]) {
      expect(refused({ contextLength })).toContain(
        'upstream[0].contextLength: expected a number of tokens, or an object of such numbers by model, got ',
      )
    }
    for (const nativeApis of ['messages', ['chat'], [1], {}]) {
      expect(refused({ nativeApis })).toContain(
        'upstream[0].nativeApis: expected a list of any of "messages"',
      )
    }
    expect(refused({ maxConcurency: 1 })).toContain('Did you mean maxConcurrency?')
  })
})
