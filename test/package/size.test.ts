// Fails when a change makes what users load larger than size-budget.json allows.

import { describe, expect, it } from 'vitest'
import { sizeOf } from '../../scripts/size.mjs'
import budget from './size-budget.json' with { type: 'json' }

const conditions: Record<string, string[]> = { 'worker/edge.ts': ['workerd', 'worker'] }

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
