import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { binaryOf, root } from '../../../scripts/hosts.mjs'

it.each(['fetch', 'connection', 'abort', 'packets'])(
  '%s.test.ts passes on Deno, by its own dial',
  async (name) => {
    const flags = ['run', '-A', '--no-lock', '--node-modules-dir=manual']
    const vitest = ['node_modules/vitest/vitest.mjs', 'run', `test/unit/http1/${name}.test.ts`]
    const args = [...flags, ...vitest, '--testTimeout=20000']
    const env = { ...process.env, NO_COLOR: '1' }
    const { stdout } = await promisify(execFile)(binaryOf('deno'), args, { cwd: root, env })
    expect(stdout).toMatch(/\n +Tests +[1-9]\d* passed \(\d+\)\n/)
  },
)
