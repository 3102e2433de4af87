/** Installs each client into a folder of its own, and keeps it for the next run. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../../scripts/hosts.mjs'
import { npm } from '../../scripts/install.mjs'
import type { Client } from './clients.ts'

/** All that the suite writes, except for the table. */
export const FOLDER = join(root, '.field')

const MINUTES = 10

/** Returns why the client could not be installed; undefined where it is there. */
export function install({ name, packages }: Client): string | undefined {
  if (isInstalled({ name, packages })) return undefined
  const folder = join(FOLDER, 'clients', name)
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{"private":true}\n')
  const specs = Object.entries(packages).map(([each, version]) => `${each}@${version}`)
  console.log(`field: installing ${specs.join(' ')}`)
  const flags = ['install', '--save-exact', '--no-audit', '--no-fund', '--loglevel=error']
  const command = npm([...flags, ...specs])
  const { status, stderr, error } = spawnSync(command.file, command.args, {
    cwd: folder,
    shell: command.shell,
    timeout: MINUTES * 60_000,
    encoding: 'utf8',
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  if (status === 0 && isInstalled({ name, packages })) return undefined
  return `npm could not install it: ${error?.message ?? reasonIn(stderr) ?? `it ended with ${status}`}`
}

/** npm's first line is a code, and its second one says what it means. */
function reasonIn(output: string): string | undefined {
  const lines = output.split('\n').map((line) => line.replace(/^npm (error|ERR!) ?/, '').trim())
  const said = lines.filter(Boolean).slice(0, 2).join(': ')
  return said === '' ? undefined : said.slice(0, 200)
}

export function isInstalled({ name, packages }: Pick<Client, 'name' | 'packages'>): boolean {
  return Object.entries(packages).every(([each, version]) => {
    const file = join(FOLDER, 'clients', name, 'node_modules', each, 'package.json')
    try {
      return (JSON.parse(readFileSync(file, 'utf8')) as { version?: string }).version === version
    } catch {
      return false
    }
  })
}
