import { expect, it } from 'vitest'
import { parseSettings } from '../../../src/settings/settings.ts'

it('follows ten thousand fallbacks to their ends in no time', () => {
  const chain = Array.from({ length: 10_000 }, (_, at) => [`m${at}`, `m${at + 1}`])
  const began = performance.now()
  parseSettings({ contextFallback: Object.fromEntries(chain) })
  expect(performance.now() - began).toBeLessThan(3_000)
})
