import { execFile } from 'node:child_process'
import { mkdir, readdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { root } from '../../scripts/hosts.mjs'
import { npm } from '../../scripts/install.mjs'

const exec = promisify(execFile)

/** Runs npm; resolves with its stdout. */
export async function runNpm(args: string[], cwd: string): Promise<string> {
  const command = npm(args)
  return (await exec(command.file, command.args, { cwd, shell: command.shell })).stdout
}

/** Builds the package and packs it, as `npm publish` does. Resolves with the tarball's path. */
export async function pack(folder: string): Promise<string> {
  await runNpm(['pack', '--silent', '--pack-destination', folder], root)
  const tarball = (await readdir(folder)).find((name) => name.endsWith('.tgz'))
  if (tarball === undefined) throw new Error(`npm pack wrote no tarball into ${folder}`)
  return join(folder, tarball)
}

/** Unpacks a tarball as a package of that folder: `node_modules/@sluice/sluice`. Resolves with its path. */
export async function unpack(tarball: string, folder: string): Promise<string> {
  const modules = join(folder, 'node_modules/@sluice')
  await mkdir(modules, { recursive: true })
  await exec('tar', ['-xzf', tarball, '-C', modules])
  await rename(join(modules, 'package'), join(modules, 'sluice'))
  return join(modules, 'sluice')
}
