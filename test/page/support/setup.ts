// A folder for what the files of one run share.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  interface ProvidedContext {
    /** The folder of the pages that were built in this run. */
    pages: string
  }
}

export default function setup(project: TestProject): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-pages-'))
  project.provide('pages', folder)
  return () => rmSync(folder, { recursive: true, force: true })
}
