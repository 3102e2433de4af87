/** Other programs to compare with: installed where that is possible, and left out otherwise. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../scripts/hosts.mjs'
import { npm } from '../scripts/install.mjs'

/** A folder of their own, so that only the benchmark installs these packages. */
const folder = join(root, 'node_modules/.cache/sluice/bench-peers')

const manifest = {
  private: true,
  dependencies: {
    '@portkey-ai/gateway': '1.15.2',
    hono: '4.9.7',
    '@hono/node-server': '1.13.8',
  },
  // With newer versions, which its own ranges allow, Portkey answers every stream with 500.
  overrides: { hono: '4.9.7', '@hono/node-server': '1.13.8' },
}

/** A path in the folder of the npm packages. */
export function peerPath(...parts: string[]): string {
  return join(folder, ...parts)
}

/** Installs the npm packages. Returns the reason if they could not be installed. */
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
  return status === 0 ? undefined : `npm install failed in ${folder}: ${lastLine(stderr)}`
}

/** The path of nginx or haproxy; undefined where it is not installed. */
export function findDebianPeer(name: 'nginx' | 'haproxy'): string | undefined {
  return [`/usr/sbin/${name}`, `/usr/bin/${name}`, `/usr/local/bin/${name}`].find(existsSync)
}

/** Installs the Debian package, as root. Returns the reason if it could not be installed. */
export function installDebianPeer(name: 'nginx' | 'haproxy'): string | undefined {
  if (findDebianPeer(name)) return undefined
  if (process.getuid?.() !== 0 || !existsSync('/etc/debian_version')) {
    return `it is not installed, and only root on Debian can install it here; install ${name} and run the benchmark again`
  }
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  for (const args of [['update'], ['install', '--no-install-recommends', '-y', name]]) {
    const { status, stderr } = spawnSync('apt-get', args, { env, encoding: 'utf8' })
    if (status !== 0) return `apt-get ${args[0]} failed: ${lastLine(stderr)}`
  }
  return findDebianPeer(name)
    ? undefined
    : `apt-get installed ${name}, but not in /usr/sbin, /usr/bin or /usr/local/bin`
}

function lastLine(text: string | null): string {
  return (text ?? '').trim().split('\n').at(-1) ?? ''
}
