/** Other programs to compare with: installed where that is possible, and left out otherwise. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { root } from '../../scripts/hosts.mjs'
import { npm } from '../../scripts/install.mjs'

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

interface Program {
  /** The option that makes it print its version. */
  version: string
  /** Where it is to be had by hand; without it, it is a package of Debian of the same name. */
  home?: string
}

/** Programs of the system. One without a package is measured where somebody has put it. */
export const programs = {
  nginx: { version: '-v' },
  haproxy: { version: '-v' },
  'llama-swap': { version: '-version', home: 'https://github.com/mostlygeek/llama-swap/releases' },
  olla: { version: '--version', home: 'https://github.com/thushan/olla/releases' },
} satisfies Record<string, Program>

export type ProgramName = keyof typeof programs

/** The path of a program: on the PATH, or where Debian has it. */
export function findProgram(name: ProgramName): string | undefined {
  const path = (process.env.PATH ?? '').split(delimiter)
  return [...path, '/usr/sbin', '/usr/bin', '/usr/local/bin']
    .filter((each) => each !== '')
    .map((each) => join(each, name))
    .find(existsSync)
}

/** Installs it, if it is a package of Debian. Returns the reason if it cannot run. */
export function installProgram(name: ProgramName): string | undefined {
  if (findProgram(name)) return undefined
  const { home }: Program = programs[name]
  if (home === undefined) return installDebianPackage(name)
  return `it is not installed; put ${name} from ${home} on the PATH, and run the benchmark again`
}

/** The version that a program prints of itself. */
export function programVersion(name: ProgramName): string {
  const path = findProgram(name)
  if (path === undefined) return 'not installed'
  // nginx prints its version to stderr.
  const { stdout, stderr } = spawnSync(path, [programs[name].version], { encoding: 'utf8' })
  const [version] = /\d{1,5}\.\d{1,5}\.\d{1,5}|\bv\d{1,5}\b(?!\.)/.exec(`${stdout}${stderr}`) ?? []
  return version ?? 'of an unknown version'
}

function installDebianPackage(name: ProgramName): string | undefined {
  if (process.getuid?.() !== 0 || !existsSync('/etc/debian_version')) {
    return `it is not installed, and only root on Debian can install it here; install ${name} and run the benchmark again`
  }
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  for (const args of [['update'], ['install', '--no-install-recommends', '-y', name]]) {
    const { status, stderr } = spawnSync('apt-get', args, { env, encoding: 'utf8' })
    if (status !== 0) return `apt-get ${args[0]} failed: ${lastLine(stderr)}`
  }
  return findProgram(name) ? undefined : `apt-get installed ${name}, but not where programs are`
}

function lastLine(text: string | null): string {
  return (text ?? '').trim().split('\n').at(-1) ?? ''
}
