// Fails when a program loads more at its start than it needs there: each file delays the first token.

import { describe, expect, it } from 'vitest'
import { loadedAtStart } from '../../scripts/bundle.mjs'
import budget from './size-budget.json' with { type: 'json' }

/** What no start needs: other commands, and what only some requests or settings ask for. */
const LATER = [
  /^src\/check\//,
  /^src\/cli\/(chat|doctor|top|tools)\/(?!tool-names)/,
  /^src\/cli\/(add-key|circumstances|help|recordings|records|schema|sparkline|target)\.ts$/,
  /^src\/dialects\/(?!chat\/|messages\/events|chunk-encoder|progress-comment)/,
  /^src\/engines\/(replay|webllm)\/(?!named)/,
  /^src\/hosts\/server\/(redis-client|replay-engines|shared-\w+|tool|warm-up\/practice)\.ts$/,
  /^src\/recording\/(?!mask)/,
  /^src\/state\/redis\//,
  /^(demo|docs|scripts)\//,
  /^node_modules\/(?!zod\/|itty-router\/|srvx\/)/,
]

describe.each(Object.entries(budget.start))('%s', (entry, allowed) => {
  const { files, bytes } = loadedAtStart(entry)

  it('loads at its start only what it needs there', () => {
    expect(files.length).toBeGreaterThan(100)
    const needless = files.filter((file) => LATER.some((pattern) => pattern.test(file)))
    expect(needless, 'import() these where they are needed').toEqual([])
  })

  it('starts within its budget', () => {
    const how = `If it is needed at the start, set ${Math.ceil(bytes * 1.03)} in test/package/size-budget.json.`
    expect(bytes, `${bytes} bytes, expected at most ${allowed}. ${how}`).toBeLessThanOrEqual(
      allowed,
    )
  })
})
