/** Runs the shell blocks of a page, with `npm start` standing for this checkout. */
import { spawn } from 'node:child_process'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { delimiter, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { binaryOf, hostCommand } from '../../scripts/hosts.mjs'
import { readCommand } from '../../src/cli/command.ts'
import { PYTHON_FOLDER } from './clients.ts'
import type { Place } from './place.ts'

/** The tools that serve: the next line of the block is typed in another terminal. */
const SERVING = 'replay'

export interface Ran {
  code: number | string
  /** On both streams, in the order of their arrival. */
  output: string
}

/** A shell in a place. What a block exports holds for the blocks after it. */
export class Shell {
  readonly #place: Place
  readonly #address: string
  readonly #close: () => void
  /** The process group of what runs in the background. */
  #staying: number | undefined

  private constructor(place: Place, address: string, close: () => void) {
    this.#place = place
    this.#address = address
    this.#close = close
  }

  static async open(place: Place): Promise<Shell> {
    const server = createServer((request, response) => {
      void startAsked(request, place).then((answer) => response.end(answer))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const usual = await place.withAddresses('http://127.0.0.1:8787')
    writeCommands(place.folder, `http://127.0.0.1:${port}`, usual)
    writeFileSync(join(place.folder, '.curlrc'), 'silent\nshow-error\n')
    return new Shell(place, `http://127.0.0.1:${port}`, () => server.close())
  }

  close(): void {
    endGroup(this.#staying)
    this.#close()
  }

  /**
   * Runs lines until they end, `ms` at most. What they leave in the background is ended, unless it
   * `stays`: then it is ended by the next block that leaves something, as by a user who starts anew.
   */
  async run(lines: string, ms: number, stays = false): Promise<Ran> {
    if (!this.#place.isServing && !(await this.#startUsual())) {
      return { code: 1, output: 'The usual server did not start.' }
    }
    const { folder } = this.#place
    if (stays) endGroup(this.#staying)
    const around = `[ -f .exports ] && . ./.exports\n${lines}\nexport -p > .exports`
    const child = spawn('sh', ['-e', '-c', around], {
      cwd: folder,
      env: environmentIn(folder),
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (part: string) => {
        output += part
      })
    }
    const timer = setTimeout(() => endGroup(child.pid), ms)
    const code = await new Promise<number | string>((resolve) => {
      child.once('exit', (exit, signal) => resolve(exit ?? signal ?? 0))
    })
    clearTimeout(timer)
    await new Promise((resolve) => setTimeout(resolve, 15))
    if (stays) this.#staying = child.pid
    else endGroup(child.pid)
    return { code, output: this.#place.withPageAddresses(output) }
  }

  /** Most pages begin with a server that runs already. */
  async #startUsual(): Promise<boolean> {
    const asked = await fetch(`${this.#address}/start`, { method: 'POST', body: '\0' })
    return (await asked.text()).startsWith('0\n')
  }
}

function endGroup(pid: number | undefined): void {
  try {
    if (pid) process.kill(-pid, 'SIGTERM')
  } catch {
    // It has ended.
  }
}

/** What a user's shell has: none of the variables that steer sluice, nor those of the tests. */
function environmentIn(folder: string): Record<string, string> {
  const { PATH = '' } = process.env
  const own = [join(folder, 'bin'), join(binaryOf('node'), '..'), join(PYTHON_FOLDER, 'bin')]
  return { PATH: [...own, PATH].join(delimiter), HOME: folder, TERM: 'dumb', LANG: 'C.UTF-8' }
}

/** One after the other: the environment of this process is that of the command meanwhile. */
let before: Promise<unknown> = Promise.resolve()

/** Starts the server of a command line: `ARGS`, an empty one, then the environment. */
function startAsked(request: IncomingMessage, place: Place): Promise<string> {
  const url = new URL(request.url ?? '', 'http://localhost')
  const started = before.then(async () => {
    const [given = '', env = ''] = (await text(request)).split('\0\0')
    const args = given.split('\0').filter((each) => each !== '')
    return startWith(args, env.split('\0'), url.searchParams.get('host') ?? 'bun', place)
  })
  before = started.catch(() => {})
  return started.catch((error: Error) => `1\nsluice: ${error.message}\n`)
}

async function startWith(args: string[], env: string[], host: string, place: Place) {
  const variables = env.filter((each) => /^(SLUICE|OTEL)_/.test(each))
  const kept = { ...process.env }
  const folder = process.cwd()
  for (const each of variables) {
    const at = each.indexOf('=')
    process.env[each.slice(0, at)] = each.slice(at + 1)
  }
  try {
    process.chdir(place.folder)
    const command = await readCommand(args)
    if (typeof command === 'string') return `0\n${command}`
    if (host === 'bun' || host === 'node') await place.serve(command.settings)
    return `0\n${command.warnings.map((each) => `sluice: ${each}\n`).join('')}`
  } finally {
    process.chdir(folder)
    for (const name of Object.keys(process.env)) if (!(name in kept)) delete process.env[name]
  }
}

/** `npm` and `npx` in the place's own folder of commands. */
function writeCommands(folder: string, address: string, usual: string): void {
  const { file, args, env } = hostCommand('bun', [])
  const own = Object.entries(env).filter(([name]) => /^(BUN_CONFIG|MIMALLOC)/.test(name))
  const variables = own.map(([name, value]) => `export ${name}='${value}'`).join('\n')
  const tool = [file, ...args].map((word) => `'${word}'`).join(' ')
  const script = `#!/bin/sh
# npm start [-s] [-- ARGS], npm run start:HOST [-- ARGS], npx sluice ARGS
${variables}
host=bun
if [ "\${0##*/}" = npx ]; then
  [ "$1" = sluice ] || { echo "npx: this place has only sluice, not $1" >&2; exit 1; }
  shift
else
  while [ $# -gt 0 ] && [ "$1" != -- ]; do
    case "$1" in start|run|-s) ;; start:*) host="\${1#start:}" ;;
      *) echo "npm: this place cannot run $1" >&2; exit 1 ;; esac
    shift
  done
  [ $# -gt 0 ] && shift
fi
case "$1" in
  top) case "$*" in *http*) exec ${tool} "$@" ;; *) exec ${tool} "$@" ${usual} ;; esac ;;
  chat|check|record|key|schema|doctor) exec ${tool} "$@" ;;
  ${SERVING}) ${tool} "$@" 2> replay.log & 
    for _ in 1 2 3 4 5 6 7 8 9; do grep -q ' at http' replay.log && break; sleep 0.2; done
    cat replay.log >&2; grep -q ' at http' replay.log; exit ;;
esac
answer=$({ for each in "$@"; do printf '%s\\0' "$each"; done; printf '\\0'; [ $# -gt 0 ] || printf '\\0'; env -0; } |
  curl -sS --data-binary @- "${address}/start?host=$host")
printf '%s\\n' "$answer" | tail -n +2 >&2
exit "$(printf '%s\\n' "$answer" | head -n 1)"
`
  mkdirSync(join(folder, 'bin'))
  for (const name of ['npm', 'npx']) {
    writeFileSync(join(folder, 'bin', name), script)
    chmodSync(join(folder, 'bin', name), 0o755)
  }
}
