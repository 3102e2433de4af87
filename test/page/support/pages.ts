// The pages that the tests show: each is built once in a run, by the first file that needs it. A build
// takes seconds of a processor, and most files need the same one.

import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { inject } from 'vitest'
import { root } from '../../../scripts/hosts.mjs'
import { buildPage } from '../../../scripts/page.mjs'

const STAND_IN = join(root, 'test/workers/stand-in.ts')

interface Built {
  /** Below the folder of the run, unless it is given. */
  folder?: string
  engine?: string
  replaced?: Record<string, string>
}

const pages = {
  /** As it is released, where the hosts look for it. */
  released: { folder: join(root, 'dist/page') },
  /** With an engine that needs no weights. */
  'stand-in': { engine: STAND_IN },
  /** One that shows a model's text without sanitizing it. */
  unsafe: {
    engine: STAND_IN,
    replaced: { '/demo/markdown.ts': join(root, 'test/page/support/unsafe-markdown.ts') },
  },
} satisfies Record<string, Built>

export type PageName = keyof typeof pages

/** The folder of a page, which nobody may change; it is built if it is not yet. */
export async function builtPage(name: PageName): Promise<string> {
  const { folder = join(inject('pages'), name), engine, replaced }: Built = pages[name]
  const mark = (what: string) => join(inject('pages'), `${name}.${what}`)
  if (isFirst(mark('begun'))) {
    try {
      await buildPage(folder, engine, replaced)
    } catch (error) {
      writeFileSync(mark('failed'), '')
      throw error
    }
    writeFileSync(mark('done'), '')
  }
  while (!existsSync(mark('done'))) {
    if (existsSync(mark('failed'))) throw new Error(`${name}: the page could not be built.`)
    await sleep(50)
  }
  return folder
}

/** Whether this process is the one that makes the folder. */
function isFirst(folder: string): boolean {
  try {
    mkdirSync(folder)
    return true
  } catch {
    return false
  }
}
