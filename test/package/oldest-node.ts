import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { root } from '../../scripts/hosts.mjs'
import { npm } from '../../scripts/install.mjs'

/** The last of the oldest line that package.json promises to run on. */
const VERSION = '22.23.3'

/**
 * The binary of the oldest Node that the package runs on, which is installed the first time. It is no
 * dependency of the checkout: npm would link whichever `node` it installed last into `.bin`, where
 * everything else finds the one that the project is built with.
 */
export async function oldestNode(): Promise<string> {
  const folder = join(root, `node_modules/.cache/sluice/node-${VERSION}`)
  const binary = join(
    folder,
    `node_modules/node/bin/node${process.platform === 'win32' ? '.exe' : ''}`,
  )
  if (existsSync(binary)) return binary
  await mkdir(folder, { recursive: true })
  const description = {
    private: true,
    dependencies: { node: VERSION },
    allowScripts: { node: true },
  }
  await writeFile(join(folder, 'package.json'), JSON.stringify(description))
  const command = npm(['install', '--no-audit', '--no-fund', '--no-package-lock'])
  await promisify(execFile)(command.file, command.args, { cwd: folder, shell: command.shell })
  return binary
}
