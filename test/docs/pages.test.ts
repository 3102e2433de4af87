/** Runs what the documentation says to type, page by page. */
import { afterAll, describe, expect, it } from 'vitest'
import { allPages, blocksOfPage } from './blocks.ts'
import { closeUpstreams } from './place.ts'
import { faultsOf } from './run-page.ts'

afterAll(closeUpstreams)

/** How many blocks may say that they cannot be run here. */
const MOST_NOT_RUN = 60

describe.concurrent('what the documentation says to type', () => {
  it.each(allPages())('%s', { timeout: 120_000 }, async (page) => {
    expect((await faultsOf(page, false)).join('\n')).toBe('')
  })
})

it('leaves few blocks out', () => {
  const blocks = allPages().flatMap(blocksOfPage)
  const left = blocks.filter(({ words }) => words.has('not-run'))
  expect(left.length).toBeLessThan(MOST_NOT_RUN)
})
