import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { binaryOf, root } from '../../../scripts/hosts.mjs'
import { postChat, readStream } from '../../support/read.ts'
import { startServer } from '../../support/server.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-llama-'))
  const script = join(root, 'test/support/managed/server.mjs')
  const program = join(folder, 'llama-server')
  await writeFile(program, `#!/bin/sh\nexec "${binaryOf('node')}" "${script}" "$@"\n`)
  await chmod(program, 0o755)
})
afterAll(() => rm(folder, { recursive: true, force: true }))

it('the settings of the example start a llama-server for each model, one at a time', async () => {
  const config = join(root, 'examples/managed-servers/sluice.json')
  const env = { PATH: `${folder}${delimiter}${process.env.PATH}` }
  await using server = await startServer('node', ['--config', config], env)
  for (const model of ['qwen3-8b', 'gpt-4o']) {
    const read = await readStream(await postChat(server.base, { model }))
    expect(read).toMatchObject({ outcome: 'finished', text: 'word word word ' })
  }
  expect(server.stderr()).toContain('sluice: qwen3-8b stopped: another server needs its memory\n')
  expect(server.stderr()).toContain('sluice: gpt-oss-20b ready after ')
  expect(await server.stop()).toBe(0)
})
