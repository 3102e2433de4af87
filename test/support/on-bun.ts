import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect } from 'vitest'
import { binaryOf, root } from '../../scripts/hosts.mjs'

/** Runs a file of tests, by its path below `test/unit`, on Bun itself. */
export async function expectPassOnBun(path: string): Promise<void> {
  const args = ['test', '--timeout', '20000', `./test/unit/${path}`]
  const { stderr } = await promisify(execFile)(binaryOf('bun'), args, { cwd: root })
  expect(stderr).toMatch(/\n [1-9]\d* pass\n 0 fail\n/)
}
