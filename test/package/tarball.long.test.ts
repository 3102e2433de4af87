// What docs/install.md says to do with the package's file, as long as no registry has it.

import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { binaryOf, root } from '../../scripts/hosts.mjs'
import { npm } from '../../scripts/install.mjs'
import { pack } from './packed.ts'

const exec = promisify(execFile)
const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
let folder: string
let tarball: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-tarball-'))
  tarball = await pack(folder)
}, 120_000)

afterAll(() => rm(folder, { recursive: true, force: true }))

/** Runs a command in that folder, with the Node that the project pins first on the path. */
async function run(file: string, args: string[]): Promise<string> {
  const PATH = [dirname(binaryOf('node')), process.env.PATH].join(delimiter)
  const env = { ...process.env, PATH, TMPDIR: folder, BUN_INSTALL_CACHE_DIR: join(folder, '.bun') }
  return (await exec(file, args, { cwd: folder, env })).stdout
}

/** Runs npm with these arguments. */
function runNpm(args: string[]): Promise<string> {
  const { file, args: all } = npm(args)
  return run(file, all)
}

it('npm install --global', async () => {
  const prefix = join(folder, 'global')
  await runNpm(['install', '--global', '--prefix', prefix, '--no-audit', '--no-fund', tarball])
  const command = join(prefix, 'bin/sluice')
  expect(await run(command, ['--version'])).toBe(`${version}\n`)
  await runNpm(['uninstall', '--global', '--prefix', prefix, '@sluice/sluice'])
  await expect(run(command, ['--version'])).rejects.toThrow('ENOENT')
}, 120_000)

it('npx --package', async () => {
  const args = ['exec', '--yes', '--package', tarball, '--', 'sluice', '--version']
  expect(await runNpm(args)).toBe(`${version}\n`)
}, 120_000)

it.each([
  ['x', '--package'],
  ['x', '--bun', '--package'],
])(
  'bun %s %s',
  async (...before) => {
    const args = [...before, tarball, 'sluice', '--version']
    expect(await run(binaryOf('bun'), args)).toBe(`${version}\n`)
  },
  120_000,
)
