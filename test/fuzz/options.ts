import { parseArgs } from 'node:util'

export interface Options {
  /** Milliseconds for all targets together. */
  ms: number
  /** The first seed; the one after the last run's by default. */
  seed: number | undefined
  /** Names of targets; all if empty. */
  only: string[]
  /** The most cases of each target. */
  cases: number | undefined
  /** A file of a finding, or `seed:path` as a finding prints it. */
  replay: string | undefined
  /** Whether it stops at the first finding. */
  endsAtFinding: boolean
  /** A fixed number of cases of each target, from a fixed seed and from today's. */
  isShort: boolean
}

export const HELP = `Usage: npm run fuzz -- [options]

Generates inputs, compares what sluice makes of them with a judge, and reports each difference as a
finding: the seed, the smallest input that shows it, and the command that runs it again. Findings
are written to .fuzz/findings. Exits with 1 if there is one.

  --minutes N      How long to run, all targets together. 5 by default.
  --seed N         The first seed. By default a run goes on with the seed after the last one's.
  --only A,B       Only these targets.
  --cases N        At most N cases of each target.
  --first          Stops at the first finding.
  --replay FILE    Runs one finding again: its file in .fuzz/findings or test/fuzz/corpus.
  --replay S:PATH  The same, by the seed and path that the finding printed, with --only TARGET.
  --short          The run that is part of npm test: a fixed number of cases.
  --help           This text, and the targets.
`

/** Reads the command line. Throws an error that says what to write instead. */
export function readOptions(args: string[], targets: string[]): Options | 'help' {
  const values = parse(args)
  if (values.help) return 'help'
  const only = values.only.split(',').filter((name) => name !== '')
  const unknown = only.find((name) => !targets.includes(name))
  if (unknown !== undefined) {
    throw new Error(
      `--only: expected names of targets (${targets.join(', ')}), got ${JSON.stringify(unknown)}; see --help.`,
    )
  }
  return {
    ms: number('--minutes', values.minutes, /^\d+(\.\d+)?$/) * 60_000,
    seed: values.seed === undefined ? undefined : number('--seed', values.seed, /^-?\d{1,10}$/),
    only,
    cases: values.cases === undefined ? undefined : number('--cases', values.cases, /^\d{1,12}$/),
    replay: values.replay,
    endsAtFinding: values.first,
    isShort: values.short,
  }
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        minutes: { type: 'string', default: '5' },
        seed: { type: 'string' },
        only: { type: 'string', default: '' },
        cases: { type: 'string' },
        replay: { type: 'string' },
        first: { type: 'boolean', default: false },
        short: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values
  } catch (cause) {
    // What Node says after its first sentence concerns positional arguments, which do not exist here.
    const [first] = String(cause instanceof Error ? cause.message : cause).split('. ')
    throw new Error(`${first}; see --help.`, { cause })
  }
}

function number(flag: string, text: string, form: RegExp): number {
  if (form.test(text)) return Number(text)
  throw new Error(`${flag}: expected a number, got ${JSON.stringify(text)}; see --help.`)
}
