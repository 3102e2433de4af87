/** Runs what the documentation says to type, page by page. */
import { afterAll, describe, expect, it } from 'vitest'
import { allPages, blocksOfPage } from './blocks.ts'
import { Judge } from './judge.ts'
import { closeUpstreams, Place } from './place.ts'
import { Shell } from './shell.ts'

afterAll(closeUpstreams)

/** How many blocks may say that they cannot be run here. */
const MOST_NOT_RUN = 60

describe.concurrent('what the documentation says to type', () => {
  it.each(allPages())('%s', async (page) => {
    const blocks = blocksOfPage(page)
    if (blocks.length === 0) return
    const place = new Place()
    const shell = await Shell.open(place)
    try {
      const judge = new Judge(place, shell)
      const faults: string[] = []
      for (const block of blocks) {
        const fault = await judge.faultOf(block)
        if (fault !== undefined) faults.push(fault)
      }
      expect(faults.join('\n')).toBe('')
    } finally {
      shell.close()
      await place.close()
    }
  })
})

it('leaves few blocks out', () => {
  const blocks = allPages().flatMap(blocksOfPage)
  const left = blocks.filter(({ words }) => words.has('not-run'))
  expect(left.length).toBeLessThan(MOST_NOT_RUN)
})
