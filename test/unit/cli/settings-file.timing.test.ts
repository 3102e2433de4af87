import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { readCommand } from '../../../src/cli/command.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-file-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

it('a settings file of twenty gigabytes is refused without reading them', async () => {
  const file = join(folder, 'large')
  const handle = await open(file, 'w')
  // Sparse: it takes no room on the disk.
  await handle.truncate(20_000_000_000)
  await handle.close()
  const began = performance.now()
  await expect(readCommand(['--config', file])).rejects.toThrow(
    /: expected at most 16 MiB, got more; name a set/,
  )
  expect(performance.now() - began).toBeLessThan(1_000)
})
