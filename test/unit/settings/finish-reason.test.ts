import { describe, expect, it } from 'vitest'
import { readFlags } from '../../../src/cli/flags.ts'
import { settingsFromEnv } from '../../../src/settings/environment.ts'
import { withLine } from '../../../src/settings/file.ts'
import { parseSettings, type SettingsInput, type Warn } from '../../../src/settings/settings.ts'
import { settingsText } from '../../support/settings-text.ts'

it('is learnt by default, and may be set for all upstreams and for one', () => {
  expect(parseSettings().finishReason).toBe('learn')
  expect(settingsFromEnv({ SLUICE_FINISH_REASON: 'required' })).toEqual({
    finishReason: 'required',
  })
  const { upstream } = parseSettings({ upstream: [{ url: 'http://a', finishReason: 'optional' }] })
  expect(upstream).toMatchObject([{ finishReason: 'optional' }])
  const wrong = { url: 'http://a', finishReason: 'maybe' as never }
  expect(() => parseSettings({ upstream: [wrong] })).toThrow(
    'upstream[0].finishReason: expected one of learn, required, optional, got "maybe"',
  )
})

it('is optional where the old setting says so, unless the new one is given too', () => {
  const settings = parseSettings({
    upstream: [
      { url: 'http://a', label: 'a', lenient: true },
      { url: 'http://b', label: 'b', lenient: true, finishReason: 'required' },
      { url: 'http://c', label: 'c' },
    ],
    lenient: ['c'],
  })
  const found = settings.upstream.map(({ finishReason }) => finishReason)
  expect(found).toEqual(['optional', 'required', 'optional'])
})

describe('the old setting has a warning that says where it was given', () => {
  const told = (read: (warn: Warn) => SettingsInput) => {
    const warnings: string[] = []
    const warn: Warn = (warning) => warnings.push(warning)
    parseSettings({ ...read(warn), discover: true }, warn)
    return warnings
  }
  const advice =
    'is deprecated: use finishReason instead, of all upstreams or of one (as a flag: --finish-reason).'

  it.each<[string, (warn: Warn) => SettingsInput, string]>([
    ['a flag', (warn) => readFlags(['--lenient', 'a'], warn).settings, '--lenient'],
    ['the environment', (warn) => settingsFromEnv({ SLUICE_LENIENT: 'a' }, warn), 'SLUICE_LENIENT'],
    [
      'SLUICE_CONFIG',
      (warn) => settingsFromEnv({ SLUICE_CONFIG: '{"lenient": ["a"]}' }, warn),
      'SLUICE_CONFIG: lenient',
    ],
    ['code', () => ({ lenient: ['a'] }), 'in code, lenient'],
  ])('%s', (_, read, name) => {
    expect(told(read)).toEqual([`${name} ${advice}`])
  })

  it('of one upstream', () => {
    const upstream = [{ url: 'http://a', lenient: true }]
    expect(told(() => ({ upstream }))).toEqual([
      'in code, upstream[0].lenient is deprecated: write "finishReason": "optional" instead of true, and nothing instead of false.',
    ])
  })

  it('and none where it is not used, or where parsed settings are parsed again', () => {
    expect(told(() => ({ upstream: ['http://a'], lenient: [] }))).toEqual([])
    const settings = parseSettings({ lenient: ['a'], discover: true }, () => {})
    expect(told(() => settings)).toEqual([])
  })

  it('in a settings file', () => {
    const file = settingsText('{\n"lenient": ["a"]}', 's.json')
    expect(withLine(file, `lenient ${advice}`)).toBe(`s.json:2: lenient ${advice}`)
  })
})
