/** Programs that are no part of sluice: installed where they can be, left out where not. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../scripts/hosts.mjs'
import { npm } from '../scripts/install.mjs'

/** npm's peers lie in a folder of their own: whoever only serves or tests need not install them. */
const folder = join(root, 'node_modules/.cache/sluice/bench-peers')

const manifest = {
  private: true,
  dependencies: {
    '@portkey-ai/gateway': '1.15.2',
    hono: '4.9.7',
    '@hono/node-server': '1.13.8',
  },
  // With the newer ones its own ranges allow, Portkey answers 500 to every stream.
  overrides: { hono: '4.9.7', '@hono/node-server': '1.13.8' },
}

/** A path inside the folder of npm's peers. */
export function peerPath(...parts: string[]): string {
  return join(folder, ...parts)
}

/** Installs npm's peers. Returns why they are not there, if they are not. */
export function installNpmPeers(): string | undefined {
  const names = Object.keys(manifest.dependencies)
  const wanted = JSON.stringify(manifest, null, 2)
  const path = peerPath('package.json')
  const isThere = names.every((name) => existsSync(peerPath('node_modules', name, 'package.json')))
  if (isThere && existsSync(path) && readFileSync(path, 'utf8') === wanted) return undefined
  mkdirSync(folder, { recursive: true })
  writeFileSync(path, wanted)
  const { file, args, shell } = npm([
    'install',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
  ])
  const { status, stderr } = spawnSync(file, args, { cwd: folder, shell, encoding: 'utf8' })
  return status === 0 ? undefined : `npm could not install them: ${lastLine(stderr)}`
}

/** Where a program of Debian's package of the same name is, installed now if root may do so. */
export function findDebianPeer(name: 'nginx' | 'haproxy'): string | undefined {
  const found = () =>
    [`/usr/sbin/${name}`, `/usr/bin/${name}`, `/usr/local/bin/${name}`].find(existsSync)
  if (!found() && process.getuid?.() === 0 && existsSync('/etc/debian_version')) {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
    for (const args of [['update'], ['install', '--no-install-recommends', '-y', name]]) {
      if (spawnSync('apt-get', args, { env, stdio: 'ignore' }).status !== 0) break
    }
  }
  return found()
}

function lastLine(text: string | null): string {
  return (text ?? '').trim().split('\n').at(-1) ?? ''
}
