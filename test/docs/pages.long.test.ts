/** The blocks of the documentation that take seconds, or packages of Python's. */
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { allPages, blocksOfPage } from './blocks.ts'
import { hasPython, PYTHON_FOLDER } from './clients.ts'
import { closeUpstreams } from './place.ts'
import { faultsOf } from './run-page.ts'

beforeAll(() => {
  if (hasPython()) return
  execFileSync('python3', ['-m', 'venv', PYTHON_FOLDER])
  execFileSync(join(PYTHON_FOLDER, 'bin/pip'), ['install', '--quiet', 'openai'])
})
afterAll(closeUpstreams)

const isLong = (page: string) =>
  blocksOfPage(page).some(({ words, language }) => words.has('long') || language === 'python')

it.each(allPages().filter(isLong))('%s', async (page) => {
  expect((await faultsOf(page, true)).join('\n')).toBe('')
})
