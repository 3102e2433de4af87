/** `npm run fuzz`, and the short run that is part of `npm test`. */
import fc from 'fast-check'
import { type Finding, nextSeed, readFinding, storeNextSeed } from './findings.ts'
import { HELP, type Options, readOptions } from './options.ts'
import { messageOf, type Progress, Session, type SessionOptions } from './session.ts'
import { propertyOf, runCase, type Target } from './target.ts'
import { targets } from './targets.ts'

/** The seed of the short run, beside today's. */
const FIXED_SEED = 42

const stopping = new AbortController()
process.once('SIGINT', () => stopping.abort())
// Generated settings hold deprecated names, whose warnings would stand between the results.
console.warn = () => {}

process.exitCode = await main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(`fuzz: ${messageOf(error)}`)
  return 2
})
// A case that hangs, which is a finding, must not keep the process.
process.exit()

async function main(args: string[]): Promise<number> {
  const options = readOptions(
    args,
    targets.map(({ name }) => name),
  )
  if (options === 'help') {
    console.log(HELP)
    for (const { name, about } of targets) console.log(`  ${name.padEnd(10)} ${about}`)
    return 0
  }
  if (options.replay !== undefined) return replay(options.replay, options.only)
  const chosen = targets.filter(
    ({ name }) => options.only.length === 0 || options.only.includes(name),
  )
  return options.isShort ? short(chosen) : long(chosen, options)
}

async function long(
  chosen: Target[],
  { seed, ms, cases, endsAtFinding }: Options,
): Promise<number> {
  const first = seed ?? nextSeed()
  console.log(
    `fuzz: from seed ${first}, for ${ms / 60_000} minutes; Ctrl-C stops it and prints the result.`,
  )
  const options = {
    seed: first,
    until: Date.now() + ms,
    cases: cases ?? Number.POSITIVE_INFINITY,
    endsAtFinding,
  }
  let turns = 0
  const { progress } = await run(chosen, options, (each) => {
    turns++
    tell(each)
  })
  if (seed === undefined) storeNextSeed(Math.max(...progress.map((each) => each.seed)))
  // After a single turn each, the lines of the turns say the same already.
  return summarise(progress, turns > chosen.length)
}

/** A fixed number of cases of each target, the same ones each time: a commit that passed keeps passing. */
async function short(chosen: Target[]): Promise<number> {
  console.log(`fuzz: seed ${FIXED_SEED}`)
  let found = 0
  for (const each of chosen) {
    const options = {
      seed: FIXED_SEED,
      until: Number.POSITIVE_INFINITY,
      cases: each.short,
      endsAtFinding: false,
    }
    const { progress } = await run([each], options)
    found += summarise(progress)
  }
  return found > 0 ? 1 : 0
}

async function run(
  chosen: Target[],
  options: Omit<SessionOptions, 'stop'>,
  turn: (progress: Progress) => void = () => {},
): Promise<Session> {
  const session = new Session(
    chosen,
    { ...options, stop: stopping.signal },
    { finding: show, turn },
  )
  await session.run()
  return session
}

function tell({ target, cases, ms, findings, seed }: Progress): void {
  const rate = Number(((cases / Math.max(ms, 1)) * 1_000).toPrecision(3))
  console.log(
    `${target.name.padEnd(10)} ${rate} cases/s, ${cases} cases, ${findings} findings, next seed ${seed}`,
  )
}

function summarise(progress: Progress[], listsTargets = true): number {
  const memory = Math.round(process.memoryUsage().rss / 1_048_576)
  if (listsTargets) for (const each of progress) tell(each)
  const found = progress.reduce((sum, { findings }) => sum + findings, 0)
  const cases = progress.reduce((sum, each) => sum + each.cases, 0)
  console.log(`fuzz: ${cases} cases, ${found} findings, ${memory} MiB of memory`)
  return found > 0 ? 1 : 0
}

function show({ target, error, input, replay: where }: Finding, file: string): void {
  console.log(`\nFINDING in ${target}: ${error}`)
  console.log(`  input: ${JSON.stringify(input).slice(0, 4_000)}`)
  if (where !== undefined) console.log(`  seed and path: ${where}`)
  console.log(`  run it again: npm run fuzz -- --replay ${file}`)
  if (where !== undefined)
    console.log(`            or: npm run fuzz -- --only ${target} --replay ${where}`)
  console.log('')
}

async function replay(what: string, only: string[]): Promise<number> {
  const [, seed, path] = /^(-?\d+):(.+)$/.exec(what) ?? []
  const { target: name, input } =
    seed === undefined ? readFinding(what) : { target: only[0], input: undefined }
  const chosen = targets.find((each) => each.name === name)
  if (chosen === undefined)
    throw new Error('--replay: expected --only TARGET beside a seed and path.')
  try {
    if (seed === undefined) await runCase(chosen, input)
    else
      await fc.assert(propertyOf(chosen), {
        seed: Number(seed),
        path: path ?? '',
        endOnFailure: true,
      })
  } catch (error) {
    console.log(`${chosen.name}: it fails: ${messageOf(error)}`)
    return 1
  }
  console.log(`${chosen.name}: it passes now`)
  return 0
}
