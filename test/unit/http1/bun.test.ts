import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { binaryOf, root } from '../../../scripts/hosts.mjs'

it.each(['fetch', 'connection', 'abort'])(
  '%s.test.ts passes on Bun, by its own sockets',
  async (name) => {
    const args = ['test', '--timeout', '20000', `./test/unit/http1/${name}.test.ts`]
    const { stderr } = await promisify(execFile)(binaryOf('bun'), args, { cwd: root })
    expect(stderr).toMatch(/\n [1-9]\d* pass\n 0 fail\n/)
  },
)
