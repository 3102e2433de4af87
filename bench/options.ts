import { addCheckout, candidates } from './candidates.ts'
import { type Shape, shapes } from './shapes.ts'

/** What can be measured, in the order in which it is. */
export const measures = [
  'ttft',
  'paced',
  'flood',
  'hangup',
  'memory',
  'cold',
  'inprocess',
  'size',
] as const
export type Measure = (typeof measures)[number]

export interface Options {
  what: Measure[]
  /** Names of candidates; `direct` is always among them. */
  only: string[]
  rounds: number
  /** 1, or less for a quick look. */
  scale: number
  /** The shape of all streams; each in turn by default. */
  shape?: Shape
  /** Writes RESULTS.md. */
  write: boolean
  /** Where every figure of every round is written as JSON. */
  json?: string
}

export const usage = `usage: npm run bench -- [--what NAME,…] [--only NAME,…] [--rounds N] [--scale N] [--quick] [--shape NAME] [--against FOLDER] [--write] [--json FILE]
  --what    ${measures.join(', ')}; all by default
  --only    ${candidates.map(({ name }) => name).join(', ')}; all by default
  --rounds  how often everyone takes a turn; 5 by default
  --scale   how long each thing is measured, as a part of the usual time: 0.3 with many rounds suits a
            machine that has other work to do
  --quick   one short round, to see that it runs; its figures mean little
  --shape   ${shapes.join(', ')}: streams of one server's shape alone
  --against another checkout of sluice with its packages installed: measured in turn with this one
            as other-bun, other-deno, …, and compared round by round
  --write   writes bench/RESULTS.md
  --json    writes every figure of every round`

/** The options of a command line. Rejects with an `Error` that says what is wrong with it. */
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
    else if (word === '--shape') [options.shape] = choose(takeValue(word, words), shapes)
    else if (word === '--what') options.what = choose(takeValue(word, words), measures)
    else if (word === '--only') options.only = choose(takeValue(word, words), options.only)
    else throw new Error(`unknown argument ${word}`)
  }
  if (!options.only.includes('direct')) options.only.unshift('direct')
  return options
}

/** First of all, since `--only` may name what the other checkout adds. */
async function takeCheckout(words: string[]): Promise<void> {
  const at = words.indexOf('--against')
  if (at === -1) return
  const [word = '', ...values] = words.splice(at, 2)
  const folder = takeValue(word, values)
  await addCheckout(folder).catch((cause) => {
    throw new Error(`--against: expected the folder of a checkout of sluice, got ${folder}`, {
      cause,
    })
  })
}

function takeValue(word: string, words: string[]): string {
  const value = words.shift()
  if (!value) throw new Error(`${word} needs a value`)
  return value
}

function readRounds(text: string): number {
  const rounds = Number(text)
  if (Number.isInteger(rounds) && rounds > 0) return rounds
  throw new Error(`--rounds: expected a whole number above 0, got ${text}`)
}

function readScale(text: string): number {
  const scale = Number(text)
  if (scale > 0 && scale <= 1) return scale
  throw new Error(`--scale: expected a number above 0 and at most 1, got ${text}`)
}

/** The chosen of `known`, in the order of `known`. */
function choose<T extends string>(text: string, known: readonly T[]): T[] {
  const names = text.split(',')
  const unknown = names.find((name) => !known.includes(name as T))
  if (unknown !== undefined) {
    throw new Error(`there is no "${unknown}": choose ${known.join(', ')}`)
  }
  return known.filter((name) => names.includes(name))
}
