// Fails when a change makes what users load larger than size-budget.json allows.

import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { PAGE, sizeOf, sizeRows, sizesIn } from '../../scripts/size.mjs'
import budget from './size-budget.json' with { type: 'json' }

const conditions: Record<string, string[]> = {
  'worker/edge.ts': ['workerd', 'worker'],
  'worker/edge-chat.ts': ['workerd', 'worker'],
}

/** Throws an error that says what to do where `bytes` is more than `allowed`. */
function holdTo(allowed: number, entry: string, bytes: number): void {
  if (bytes <= allowed) return
  throw new Error(
    `${entry}: ${bytes} bytes minified and gzipped, expected at most ${allowed}. ` +
      `To see what it consists of: npx esbuild ${entry} --bundle --minify --format=esm ` +
      '--external:@mlc-ai/web-llm --analyze --outfile=/dev/null. If the growth is worth it, set ' +
      `${Math.ceil(bytes * 1.05)} (5 % above the size) in test/package/size-budget.json.`,
  )
}

it.each(Object.entries(budget.gzip))('bundles %s within its budget', async (entry, allowed) => {
  const { gzip } = await sizeOf(entry, conditions[entry])
  expect(gzip).toBeGreaterThan(10_000)
  holdTo(allowed, entry, gzip)
})

describe('an entry above its budget', () => {
  it('fails, and says what to do', () => {
    expect(() => holdTo(1000, 'src/index.ts', 1000)).not.toThrow()
    expect(() => holdTo(1000, 'src/index.ts', 1001)).toThrow(
      /^src\/index\.ts: 1001 bytes .* at most 1000\. .*--analyze.* set 1052 /,
    )
  })
})

describe('the table of sizes in the documentation', () => {
  it('has the workers and every part, with the sizes that they have', async () => {
    const shown = sizesIn(readFileSync(PAGE, 'utf8'))
    const rows = await sizeRows()
    expect([...shown.keys()].sort()).toEqual(rows.map(({ name }) => name).sort())
    const wrong = rows.filter(({ name, kB }) => !isNear(shown.get(name) ?? 0, kB))
    expect(wrong, 'run: node scripts/size.mjs --write').toEqual([])
  }, 300_000)

  it('would not do with other sizes', () => {
    expect([isNear(100, 104), isNear(100, 106), isNear(2, 2.9), isNear(2, 3.2)]).toEqual([
      ...[true, false, true, false],
    ])
  })
})

/** Small changes need no new table. */
function isNear(shown: number, measured: number): boolean {
  return Math.abs(shown - measured) <= Math.max(1, measured / 20)
}
