/** Runs all blocks of a page, in a place of its own. */
import { blocksOfPage } from './blocks.ts'
import { Judge } from './judge.ts'
import { Place } from './place.ts'
import { Shell } from './shell.ts'

/** What is wrong on a page, a text for each block; `isLong` also runs what takes seconds. */
export async function faultsOf(page: string, isLong: boolean): Promise<string[]> {
  const blocks = blocksOfPage(page)
  if (blocks.length === 0) return []
  const place = new Place()
  const shell = await Shell.open(place)
  try {
    const judge = new Judge(place, shell, isLong)
    const faults: string[] = []
    for (const block of blocks) {
      const fault = await judge.faultOf(block)
      if (fault !== undefined) faults.push(fault)
    }
    return faults
  } finally {
    shell.close()
    await place.close()
  }
}
