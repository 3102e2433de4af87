import type { ProcessHost } from '../support/hosts.ts'
import { ATTACK_NAMES, ATTACKS, RELOAD } from './attacks/table.ts'

export interface SoakOptions {
  host: ProcessHost
  minutes: number
  seed: number
  /** Well-behaved streams at once. */
  streams: number
  attacks: string[]
  /** What servers and attackers may use together of the machine, in percent of one core. */
  share: number
  /** Where the details are written. */
  json: string
}

const HOSTS: readonly ProcessHost[] = ['bun', 'deno', 'node', 'workerd']

const WIDEST = Math.max(...ATTACK_NAMES.map(({ length }) => length))

function described(): string {
  const rates = ATTACKS.map(
    ({ name, about, perSecond, atOnce }) =>
      `  ${name.padEnd(WIDEST)} ${about}; ${perSecond}/s, ${atOnce} at once`,
  )
  return [`  ${RELOAD.padEnd(WIDEST)} a reload of 10,000 keys every 10 s`, ...rates].join('\n')
}

export const usage = `Well-behaved streams beside attackers, on one host, at 127.0.0.1 only.

Usage: npm run soak -- bun|deno|node|workerd [options]

  --minutes N          how long it runs; 10 by default, 0.5 to 120
  --seed N             chooses the attacks; 1 by default
  --streams N          well-behaved streams at once; 24 by default
  --attackers A,B,…    the attacks, all by default; "none" for no attack
  --without A,B,…      leaves out these attacks
  --share N            what the servers and the attackers may use together, in
                       percent of one core; 100 by default. The attacks become
                       rarer above it
  --json FILE          the details; .soak/HOST.json by default
  --help               this text

Two servers run all the time. The well-behaved streams use one of them; the
attackers attack this one and the other one in turn, so that both halves have
the same load on the machine. The gaps between tokens, the time to the first
token and their ratio tell what an attack costs the others. It exits with 1 if a
stream was refused, broken or not byte for byte what the upstream sent, if the
ratio is above 3, if memory, descriptors or counters do not return, or if the
server restarted or had an internal error.

The attacks, how often each begins and how many may be under way at once:
${described()}`

/** Reads the command line. Throws an `Error` that says what is wrong; undefined for `--help`. */
export function readOptions(args: readonly string[]): SoakOptions | undefined {
  const words = args.flatMap((arg) => (arg.startsWith('--') ? arg.split(/=(.*)/s, 2) : [arg]))
  if (words.includes('--help')) return undefined
  const host = words.shift()
  if (!isHost(host)) {
    const got = host === undefined || host === '' ? 'nothing' : `"${host}"`
    const advice = 'write "npm run soak -- bun", or see --help'
    throw new Error(`host: expected one of ${HOSTS.join(', ')}, got ${got}; ${advice}.`)
  }
  const attacks = [...ATTACK_NAMES]
  const options: SoakOptions = {
    host,
    minutes: 10,
    seed: 1,
    streams: 24,
    attacks,
    share: 100,
    json: `.soak/${host}.json`,
  }
  while (words.length > 0) {
    const word = words.shift() ?? ''
    const value = words.shift()
    if (value === undefined) throw new Error(`${word}: expected a value, got nothing; see --help.`)
    if (word === '--minutes') options.minutes = numberIn(word, value, 0.5, 120)
    else if (word === '--seed') options.seed = numberIn(word, value, 0, 2 ** 32 - 1)
    else if (word === '--streams') options.streams = numberIn(word, value, 1, 200)
    else if (word === '--share') options.share = numberIn(word, value, 10, 10_000)
    else if (word === '--attackers') options.attacks = namesIn(word, value)
    else if (word === '--without') {
      const left = namesIn(word, value)
      options.attacks = options.attacks.filter((name) => !left.includes(name))
    } else if (word === '--json') options.json = value
    else throw new Error(`${word}: expected an option, got another word; see --help.`)
  }
  return options
}

function isHost(word: string | undefined): word is ProcessHost {
  return HOSTS.some((host) => host === word)
}

function numberIn(option: string, text: string, low: number, high: number): number {
  const value = Number(text)
  if (value >= low && value <= high) return value
  throw new Error(`${option}: expected a number from ${low} to ${high}, got "${text}"; see --help.`)
}

/** `none` stands for no attack, to see what the machine itself does. */
function namesIn(option: string, text: string): string[] {
  if (text === 'none') return []
  const names = text.split(',')
  const unknown = names.find((name) => !ATTACK_NAMES.includes(name))
  if (unknown === undefined) return names
  const expected = `names of attacks (${ATTACK_NAMES.join(', ')})`
  throw new Error(`${option}: expected ${expected}, got "${unknown}"; see --help.`)
}
