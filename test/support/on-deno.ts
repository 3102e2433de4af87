import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect } from 'vitest'
import { binaryOf, root } from '../../scripts/hosts.mjs'

/** Runs a file of tests, by its path below `test/unit`, on Deno itself. */
export async function expectPassOnDeno(path: string): Promise<void> {
  const flags = ['run', '-A', '--no-lock', '--node-modules-dir=manual']
  const vitest = ['node_modules/vitest/vitest.mjs', 'run', `test/unit/${path}`]
  const args = [...flags, ...vitest, '--pool=forks', '--testTimeout=20000']
  const env = { ...process.env, NO_COLOR: '1' }
  const { stdout } = await promisify(execFile)(binaryOf('deno'), args, { cwd: root, env })
  expect(stdout).toMatch(/\n +Tests +[1-9]\d* passed \(\d+\)\n/)
}
