import { expect, it } from 'vitest'
import { scanConfigText } from '../../../src/settings/config-text.ts'
import { parseJsonc } from '../../../src/settings/jsonc.ts'
import { finish } from '../../../src/util/slices.ts'

/** Milliseconds for a text of so many characters. */
function timeFor(unit: string, length: number): number {
  const text = unit.repeat(length / unit.length)
  const began = performance.now()
  try {
    finish(parseJsonc(scanConfigText(text), () => new Error('refused')))
  } catch {}
  return performance.now() - began
}

it.each(['/*', '/* *', '"', '"\\', '"\\n', ' ', '//', '*/', '-', '1', '[', '/**/'])(
  'takes no more than linear time for many of %j',
  (unit) => {
    timeFor(unit, 12_000)
    expect(timeFor(unit, 1_200_000)).toBeLessThan(10_000)
  },
)
