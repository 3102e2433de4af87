// The steps of deploy/Containerfile after its build, in a plain folder instead of an image: the packages
// that its program needs of the base image, the program, the user, and process 1 of a container.

import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildBinaries } from '../../scripts/binary.mjs'
import { unpackPackages } from '../../scripts/debian.mjs'
import { deployed } from '../support/deploy.ts'
import { untilAddress } from './address.ts'

const exec = promisify(execFile)
const lines = deployed('Containerfile')
  .replaceAll(/ \\\n\s*/g, ' ')
  .split('\n')
/** The instructions of the last stage, such as `['USER', '65532:65532']`. */
const steps = lines
  .slice(lines.findLastIndex((line) => line.startsWith('FROM ')))
  .flatMap((line) => {
    const [, name = '', text = ''] = /^([A-Z]+) (.*)$/.exec(line) ?? []
    return name ? [[name, text] as const] : []
  })
const step = (wanted: string) => steps.find(([name]) => name === wanted)?.[1] ?? ''
const [, binary = ''] = /^--from=build \/sluice (\S+)$/.exec(step('COPY')) ?? []
const [entry = ''] = JSON.parse(step('ENTRYPOINT')) as string[]
const user = step('USER')
const canRun = process.platform === 'linux' && process.getuid?.() === 0
const target = process.arch === 'arm64' ? 'linux-arm64' : 'linux-x64'

let folder: string
let image: string
const started: ChildProcess[] = []

beforeAll(async () => {
  if (!canRun) return
  folder = await mkdtemp(join(tmpdir(), 'sluice-container-'))
  image = join(folder, 'image')
  // What FROM brings, as far as the program can need it.
  const missing = unpackPackages(['libc6', 'dash'], image)
  if (missing) throw new Error(missing)
  if (!existsSync(join(image, 'bin/sh'))) await symlink('dash', join(image, 'bin/sh'))
  await mkdir(join(image, 'proc'))
  const [built = ''] = await buildBinaries(join(folder, 'built'), [target])
  await mkdir(dirname(join(image, binary)), { recursive: true })
  await copyFile(built, join(image, binary))
  // The temporary folder is its owner's alone, and the program runs as another user.
  for (const each of [folder, image]) await chmod(each, 0o755)
}, 300_000)

afterAll(async () => {
  // A test whose time was up has not ended its own.
  for (const child of started) child.kill('SIGKILL')
  if (canRun) await rm(folder, { recursive: true, force: true })
})

/** The arguments of `unshare` that run a command as process 1 of a container. */
function contained(command: string[]): string[] {
  const isolation = ['--mount', '--pid', '--fork', '--kill-child', `--mount-proc=${image}/proc`]
  return [...isolation, 'chroot', `--userspec=${user}`, image, ...command]
}

function environment(more: Record<string, string>): Record<string, string> {
  const own = steps.flatMap(([name, text]) => (name === 'ENV' ? [text.split('=')] : []))
  return {
    PATH: '/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    ...Object.fromEntries(own),
    ...more,
  }
}

async function withContainer(use: (address: string, child: ChildProcess) => Promise<void>) {
  const { stdout } = await exec('unshare', contained([entry, 'key', 'new', 'a']), {
    env: environment({}),
  })
  const [, key = ''] = /(sluice_\S+)/.exec(stdout) ?? []
  const [, hash = ''] = /"hash":"([^"]+)"/.exec(stdout) ?? []
  const env = environment({ SLUICE_KEYS: `a=${hash}`, SLUICE_PORT: '0', SLUICE_STATIC_DELAY: '50' })
  const child = spawn('unshare', contained([entry]), { env })
  started.push(child)
  try {
    const address = await untilAddress(child)
    await use(address, child)
    expect(key).not.toBe('')
  } finally {
    child.kill('SIGKILL')
  }
}

/** The process that is number 1 inside. */
function firstInside({ pid }: ChildProcess): number {
  return Number(execFileSync('cat', [`/proc/${pid}/task/${pid}/children`], { encoding: 'utf8' }))
}

describe.skipIf(!canRun)('a container', { timeout: 60_000 }, () => {
  it('is not reached from outside without a key, and says so', async () => {
    const refused = await exec('unshare', contained([entry]), { env: environment({}) }).catch(
      (error) => error,
    )
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('no API keys') })
  })

  it('runs as a user that is not root, and finds itself healthy', async () => {
    await withContainer(async (address, child) => {
      const status = await readFile(`/proc/${firstInside(child)}/status`, 'utf8')
      expect(status).toMatch(new RegExp(`^Uid:\\s+${user.split(':')[0]}\\s`, 'm'))
      expect(status).toMatch(/^NSpid:\s+\d+\s+1$/m)
      const command = step('HEALTHCHECK').replace(/^.*? CMD /, '')
      const asked = (port: string) =>
        exec('unshare', contained(['/bin/sh', '-c', command.replace('8787', port)]), {
          env: environment({}),
        }).then(
          () => 0,
          ({ code }) => code,
        )
      expect(await asked(new URL(address).port)).toBe(0)
      expect(await asked('1')).toBe(1)
    })
  })

  it('ends at its stop signal, with the code 0', async () => {
    await withContainer(async (_, child) => {
      const ended = new Promise((resolve) => child.once('exit', resolve))
      process.kill(firstInside(child), step('STOPSIGNAL') as NodeJS.Signals)
      expect(await ended).toBe(0)
    })
  })
})
