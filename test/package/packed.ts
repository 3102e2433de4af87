import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { copyFile, mkdir, readdir, rename, rm, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import { root } from '../../scripts/hosts.mjs'
import { npm } from '../../scripts/install.mjs'

const exec = promisify(execFile)
const cache = join(root, 'node_modules/.cache/sluice/packed')

/** Runs npm; resolves with its stdout. */
export async function runNpm(args: string[], cwd: string): Promise<string> {
  const command = npm(args)
  return (await exec(command.file, command.args, { cwd, shell: command.shell })).stdout
}

/**
 * Builds the package and packs it, as `npm publish` does, once for a state of the checkout: several
 * files of tests want it. Resolves with the tarball's path.
 */
export async function pack(folder: string): Promise<string> {
  const made = join(cache, await fingerprint())
  if (!existsSync(made)) {
    await rm(cache, { recursive: true, force: true })
    const partial = `${made}.${process.pid}`
    await mkdir(partial, { recursive: true })
    await runNpm(['pack', '--silent', '--pack-destination', partial], root)
    await rename(partial, made)
  }
  const name = (await readdir(made)).find((each) => each.endsWith('.tgz'))
  if (name === undefined) throw new Error(`npm pack wrote no tarball into ${made}`)
  await copyFile(join(made, name), join(folder, basename(name)))
  return join(folder, name)
}

/** Changes with every file of the checkout that git does not ignore. */
async function fingerprint(): Promise<string> {
  const args = ['ls-files', '-z', '--cached', '--others', '--exclude-standard']
  const { stdout } = await exec('git', args, { cwd: root, maxBuffer: 16 << 20 })
  const hash = createHash('sha256')
  for (const file of stdout.split('\0').filter(Boolean)) {
    const found = await stat(join(root, file)).catch(() => undefined)
    hash.update(`${file} ${found?.mtimeMs} ${found?.size}\n`)
  }
  return hash.digest('hex').slice(0, 16)
}

/** Unpacks a tarball as a package of that folder: `node_modules/@sluice/sluice`. Resolves with its path. */
export async function unpack(tarball: string, folder: string): Promise<string> {
  const modules = join(folder, 'node_modules/@sluice')
  await mkdir(modules, { recursive: true })
  await exec('tar', ['-xzf', tarball, '-C', modules])
  await rename(join(modules, 'package'), join(modules, 'sluice'))
  return join(modules, 'sluice')
}
