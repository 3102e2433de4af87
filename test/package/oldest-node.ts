import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { root } from '../../scripts/hosts.mjs'
import { npm } from '../../scripts/install.mjs'

/** The first version that `engines` of package.json allows: `22.0.0` for `>=22`. */
async function oldestVersion(): Promise<string> {
  const { engines } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
  const [, given] = /^>=(\d+(?:\.\d+){0,2})$/.exec(engines.node) ?? []
  if (given === undefined) {
    throw new Error(`package.json: engines.node is "${engines.node}", expected the form ">=22.1".`)
  }
  const [major, minor = '0', patch = '0'] = given.split('.')
  return [major, minor, patch].join('.')
}

/**
 * The oldest Node that package.json promises to run on; its binary is installed the first time. It is
 * no dependency of the checkout: npm would link whichever `node` it installed last into `.bin`, where
 * everything else finds the one that the project is built with.
 */
export async function oldestNode(): Promise<{ version: string; binary: string }> {
  const version = await oldestVersion()
  const folder = join(root, `node_modules/.cache/sluice/node-${version}`)
  const binary = join(
    folder,
    `node_modules/node/bin/node${process.platform === 'win32' ? '.exe' : ''}`,
  )
  if (existsSync(binary)) return { version, binary }
  await mkdir(folder, { recursive: true })
  const description = {
    private: true,
    dependencies: { node: version },
    allowScripts: { node: true },
  }
  await writeFile(join(folder, 'package.json'), JSON.stringify(description))
  const command = npm(['install', '--no-audit', '--no-fund', '--no-package-lock'])
  await promisify(execFile)(command.file, command.args, { cwd: folder, shell: command.shell })
  return { version, binary }
}
