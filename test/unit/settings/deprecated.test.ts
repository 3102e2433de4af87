import { describe, expect, it, vi } from 'vitest'
import { readFlags } from '../../../src/cli/flags.ts'
import { settingsFromEnv } from '../../../src/settings/environment.ts'
import { parseSettings, type SettingsInput } from '../../../src/settings/settings.ts'

const hash = `sha256:${'0'.repeat(64)}`

/** The settings that `read` makes, and what it warns of. */
function told<T>(read: (warn: (warning: string) => void) => T): { value: T; warnings: string[] } {
  const warnings: string[] = []
  return { value: read((warning) => warnings.push(warning)), warnings }
}

describe('a former name works, with a warning that names both', () => {
  it('as a flag', () => {
    const { value, warnings } = told((warn) =>
      readFlags(['--streams', '4', '--larger=a=b', '--larger', 'b=c'], warn),
    )
    expect(value.settings).toEqual({ maxConcurrency: 4, contextFallback: { a: 'b', b: 'c' } })
    expect(warnings).toEqual([
      '--streams is deprecated: use --max-concurrency instead.',
      '--larger is deprecated: use --context-fallback instead.',
    ])
  })

  it('in the environment, and in SLUICE_CONFIG', () => {
    const env = { SLUICE_STREAMS: '4', SLUICE_CONFIG: '{"larger": {"a": "b"}}' }
    const { value, warnings } = told((warn) => settingsFromEnv(env, warn))
    expect(value).toEqual({ maxConcurrency: 4, contextFallback: { a: 'b' } })
    expect(warnings.sort()).toEqual([
      'SLUICE_CONFIG: larger is deprecated: use contextFallback instead.',
      'SLUICE_STREAMS is deprecated: use SLUICE_MAX_CONCURRENCY instead.',
    ])
  })

  it('in code, and in the entries of upstreams and keys', () => {
    const input: SettingsInput = {
      streams: 4,
      upstream: [{ url: 'http://a', streams: 2, speaks: ['messages'] }],
      keys: [{ name: 'ann', hash, streams: 3 }],
    }
    const { value, warnings } = told((warn) => parseSettings(input, warn))
    expect(value).toMatchObject({
      maxConcurrency: 4,
      upstream: [{ maxConcurrency: 2, nativeApis: ['messages'] }],
      keys: [{ maxConcurrency: 3 }],
    })
    expect(JSON.stringify(value)).not.toMatch(/"(streams|speaks)"/)
    expect(warnings.sort()).toEqual([
      'in code, keys[0].streams is deprecated: use maxConcurrency instead.',
      'in code, streams is deprecated: use maxConcurrency instead.',
      'in code, upstream[0].speaks is deprecated: use nativeApis instead.',
      'in code, upstream[0].streams is deprecated: use maxConcurrency instead.',
    ])
  })

  it('on the console, once, where code gives it', () => {
    const warn = vi.spyOn(console, 'warn').mockReturnValue()
    parseSettings({ larger: { a: 'b' } })
    parseSettings({ larger: { a: 'c' } })
    parseSettings({ contextFallback: { a: 'b' } })
    expect(warn.mock.calls).toEqual([
      ['sluice: in code, larger is deprecated: use contextFallback instead.'],
    ])
    warn.mockRestore()
  })

  it('and is called by it where its value is wrong', () => {
    expect(() => readFlags(['--streams', '0'])).toThrow('--streams: expected a whole number')
  })
})

describe('a value under both names is refused, and the message says which to keep', () => {
  it.each<[string, () => unknown, string]>([
    [
      'flags',
      () => readFlags(['--streams', '4', '--max-concurrency', '4']),
      '--streams: this is the former name of --max-concurrency, which is given as well; keep --max-concurrency and remove --streams.',
    ],
    [
      'the environment',
      () => settingsFromEnv({ SLUICE_STREAMS: '4', SLUICE_MAX_CONCURRENCY: '4' }),
      'keep SLUICE_MAX_CONCURRENCY and remove SLUICE_STREAMS.',
    ],
    [
      'SLUICE_CONFIG',
      () => settingsFromEnv({ SLUICE_CONFIG: { larger: {}, contextFallback: {} } }),
      'SLUICE_CONFIG: larger: this is the former name of contextFallback, which is given as well; keep contextFallback and remove larger.',
    ],
    ['code', () => parseSettings({ streams: 1, maxConcurrency: 1 }), 'keep maxConcurrency'],
    [
      'an upstream',
      () => parseSettings({ upstream: [{ url: 'http://a', speaks: [], nativeApis: [] }] }),
      'upstream[0].speaks: this is the former name of nativeApis,',
    ],
    [
      'a key',
      () => parseSettings({ keys: [{ name: 'ann', hash, streams: 1, maxConcurrency: 1 }] }),
      'keys[0].streams: this is the former name of maxConcurrency,',
    ],
  ])('%s', (_, read, message) => {
    expect(read).toThrow(message)
  })

  it('but one of a flag goes before the other of the environment, as ever', () => {
    const env = settingsFromEnv({ SLUICE_STREAMS: '4' }, () => {})
    const { settings } = readFlags(['--max-concurrency', '2'])
    expect(parseSettings({ ...env, ...settings }).maxConcurrency).toBe(2)
  })
})
