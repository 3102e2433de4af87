/** Runs what the documentation says to type, page by page. */
import { afterAll, describe, expect, it } from 'vitest'
import { allPages, blocksOfPage, REASONS } from './blocks.ts'
import { closeUpstreams } from './place.ts'
import { faultsOf } from './run-page.ts'

afterAll(closeUpstreams)

describe.concurrent('what the documentation says to type', () => {
  it.each(allPages())('%s', { timeout: 300_000 }, async (page) => {
    expect((await faultsOf(page, false)).join('\n')).toBe('')
  })
})

it('leaves out the blocks that are counted, and no others', () => {
  const left: Record<string, number> = {}
  for (const { words } of allPages().flatMap(blocksOfPage)) {
    const reason = words.get('not-run')
    if (reason !== undefined) left[reason] = (left[reason] ?? 0) + 1
  }
  expect(left).toEqual(REASONS)
})
