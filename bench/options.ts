import { addCheckout, candidates } from './candidates.ts'
import { type Shape, shapes } from './shapes.ts'

/** The measures, in the order in which they are taken. */
export const measures = [
  'ttft',
  'paced',
  'flood',
  'hangup',
  'neighbour',
  'memory',
  'cold',
  'early',
  'inprocess',
  'growth',
  'size',
] as const
export type Measure = (typeof measures)[number]

export interface Options {
  what: Measure[]
  /** The names of candidates, which always include `direct`. */
  only: string[]
  rounds: number
  /** Multiplies the time of each measurement: 1, or less for a quick check. */
  scale: number
  /** The shape of all streams; each in turn by default. */
  shape?: Shape
  /** Writes RESULTS.md. */
  write: boolean
  /** The path of a file for every figure of every round as JSON. */
  json?: string
}

/** Breaks a list into lines of at most 80 characters behind an indent. */
function listed(names: readonly string[], indent: string): string {
  const lines = ['']
  for (const name of names.map((each, index) => (index < names.length - 1 ? `${each},` : each))) {
    const line = lines.at(-1) ?? ''
    const longer = line === '' ? name : `${line} ${name}`
    if (indent.length + longer.length > 80) lines.push(name)
    else lines[lines.length - 1] = longer
  }
  return lines.map((line) => indent + line).join('\n')
}

const INDENT = ' '.repeat(20)

export const usage = `Measures what sluice costs, in comparison with other proxies.

Usage: npm run bench -- [options]

  --what NAME,…     the measures to take; all by default:
${listed(measures, INDENT)}
  --only NAME,…     the candidates to measure; all by default:
${listed(
  candidates.map(({ name }) => name),
  INDENT,
)}
  --rounds N        the number of rounds, in each of which every candidate is
                    measured once; 5 by default
  --scale N         multiplies the time of each measurement, above 0 and at
                    most 1; use 0.3 with many rounds on a busy machine
  --quick           one short round, to check that everything runs; its figures
                    are not reliable
  --shape NAME      streams in the form of one server only:
${listed(shapes, INDENT)}
  --against FOLDER  another checkout of sluice, with its packages installed. It
                    is measured too, as other-bun, other-deno and so on; the
                    report has both beside each other, with a verdict on each
                    figure
  --write           writes the results to bench/RESULTS.md
  --json FILE       writes every figure of every round to a file

Example: npm run bench -- --quick --only sluice-bun,nginx`

/** Reads the options of a command line. Rejects with an `Error` that says what is wrong. */
export async function readOptions(args: readonly string[]): Promise<Options> {
  const words = args.flatMap((arg) => (arg.startsWith('--') ? arg.split(/=(.*)/s, 2) : [arg]))
  await takeCheckout(words)
  const options: Options = {
    what: [...measures],
    only: candidates.map(({ name }) => name),
    rounds: 5,
    scale: 1,
    write: false,
  }
  while (words.length > 0) {
    const word = words.shift() ?? ''
    if (word === '--quick') Object.assign(options, { rounds: 1, scale: 0.1 })
    else if (word === '--write') options.write = true
    else if (word === '--json') options.json = takeValue(word, words)
    else if (word === '--rounds') options.rounds = readRounds(takeValue(word, words))
    else if (word === '--scale') options.scale = readScale(takeValue(word, words))
    else if (word === '--shape') [options.shape] = choose(word, takeValue(word, words), shapes)
    else if (word === '--what') options.what = choose(word, takeValue(word, words), measures)
    else if (word === '--only') options.only = choose(word, takeValue(word, words), options.only)
    else throw new Error(`${word}: there is no such option.`)
  }
  if (!options.only.includes('direct')) options.only.unshift('direct')
  return options
}

/** Reads `--against` first, because `--only` may name candidates of the other checkout. */
async function takeCheckout(words: string[]): Promise<void> {
  const at = words.indexOf('--against')
  if (at === -1) return
  const [word = '', ...values] = words.splice(at, 2)
  const folder = takeValue(word, values)
  await addCheckout(folder).catch((cause) => {
    throw new Error(
      `--against: expected the folder of a checkout of sluice, got "${folder}"; name its path.`,
      { cause },
    )
  })
}

function takeValue(word: string, words: string[]): string {
  const value = words.shift()
  if (!value) throw new Error(`${word}: expected a value, got nothing.`)
  return value
}

function readRounds(text: string): number {
  const rounds = Number(text)
  if (Number.isInteger(rounds) && rounds > 0) return rounds
  throw new Error(`--rounds: expected a whole number above 0, got "${text}".`)
}

function readScale(text: string): number {
  const scale = Number(text)
  if (scale > 0 && scale <= 1) return scale
  throw new Error(`--scale: expected a number above 0 and at most 1, got "${text}".`)
}

/** The names in a list, in the order of `known`. */
function choose<T extends string>(option: string, text: string, known: readonly T[]): T[] {
  const names = text.split(',')
  const unknown = names.find((name) => !known.includes(name as T))
  if (unknown !== undefined) {
    throw new Error(`${option}: expected names among ${known.join(', ')}, got "${unknown}".`)
  }
  return known.filter((name) => names.includes(name))
}
