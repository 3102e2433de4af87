import { expect, it } from 'vitest'
import { startupText, terminalStyle } from '../../../src/cli/startup.ts'
import { deprecations } from '../../../src/settings/deprecated.ts'
import { settingsFromEnv } from '../../../src/settings/environment.ts'
import { parseSettings } from '../../../src/settings/settings.ts'

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
  const told = deprecations(settings)
  expect(told).toHaveLength(3)
  for (const each of told) expect(each).toContain('lenient is deprecated')
  expect(told[0]).toContain('"finishReason": "optional" for c')
  expect(told[1]).toContain('upstream a:')
  expect(deprecations(parseSettings({ upstream: ['http://a'] }))).toEqual([])
})

it('has a warning at the start where the old setting is used', () => {
  const startup = { name: 'sluice', address: 'http://x', open: false, keys: 0, discover: false }
  const warnings = deprecations(parseSettings({ lenient: ['ollama'], discover: true }))
  const text = startupText({ ...startup, warnings }, terminalStyle(false, {}))
  expect(text).toMatch(/\nWarning: lenient is deprecated: .*--finish-reason optional\.\n$/)
})
