/** Drives one client through one cell. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type CellName, cells } from './cells.ts'
import { isSecondTurn, lineThatTells, type Told, toolFault } from './judge.ts'
import { ANSWER, SECOND_ANSWER } from './model.ts'
import { linesOf, ON_PAGES, type Values } from './page.ts'
import type { Ended } from './program.ts'
import { KEYS, refusals, type Scene, setUp, start, valuesFor } from './scene.ts'

export interface Verdict {
  passed: boolean
  /** Why it failed, or what a user should know though it passed. */
  note?: string
  /** All that the client printed. */
  output: string
}

type Driver = (scene: Scene, seconds: number) => Promise<Verdict>

/** What sluice must have answered. */
const STATUSES: Record<Told, number[]> = {
  key: [401],
  // 501: a program for Ollama first pulls a model that is not there, which needs an Ollama.
  model: [404, 501],
  limit: [429],
  down: [502, 503],
}

/** Seconds from the first refusal after which a user wonders what is going on. */
const SOON = 30

/** How soon the server must stop after Ctrl-C, and the client end, in seconds. */
const STOP = 5
const END = 15

const drivers: Record<CellName, Driver> = {
  text: (scene, seconds) => askOnce(scene, 'text', seconds, showsAnswer),
  tool: (scene, seconds) => askOnce(scene, 'tool', seconds, ranTool),
  parallel: (scene, seconds) => askOnce(scene, 'parallel', seconds, ranTool),
  turns: askTwice,
  interrupt,
  key: (scene, seconds) => tells(scene, 'key', seconds, { key: KEYS.wrong }),
  model: (scene, seconds) => tells(scene, 'model', seconds, { model: 'no-such-model' }),
  limit,
  down,
}

export async function drive(scene: Scene, cell: CellName): Promise<Verdict> {
  const verdict = await drivers[cell](scene, cells[cell].seconds)
  if (verdict.passed) return verdict
  const refused = [
    ...scene.engine.asked
      .flatMap(({ refused }) => refused ?? [])
      .map((why) => `the server: ${why}`),
    ...refusals(scene.server.log),
  ]
  const note = [verdict.note, ...refused.slice(0, 2)].join(' ')
  return { ...verdict, note }
}

/** Asks with the page's lines; `fault` says what is wrong with what came of it. */
async function askOnce(
  scene: Scene,
  order: string,
  seconds: number,
  fault: (scene: Scene, ended: Ended, order: string) => string | undefined,
): Promise<Verdict> {
  const values = valuesFor(scene, order)
  await setUp(scene, values)
  const ended = await start(scene, 'run', values, seconds).ended
  const why = endFault(ended, seconds) ?? fault(scene, ended, order) ?? scene.engine.fault?.()
  return verdictOf(why, ended.output)
}

function verdictOf(fault: string | undefined, output: string): Verdict {
  return { passed: fault === undefined, note: fault, output }
}

function endFault({ code }: Ended, seconds: number): string | undefined {
  if (code === undefined) return `It did not end within ${seconds} s.`
  return code === 0 ? undefined : `It ended with ${code}.`
}

function showsAnswer(_scene: Scene, { output }: Ended): string | undefined {
  return output.includes(ANSWER) ? undefined : 'The answer was not shown.'
}

function ranTool(scene: Scene, { output }: Ended, order: string): string | undefined {
  const { notes, engine } = scene
  return toolFault({ asked: engine.asked, output, notes, isParallel: order === 'parallel' })
}

async function askTwice(scene: Scene, seconds: number): Promise<Verdict> {
  const values = valuesFor(scene, 'text')
  await setUp(scene, values)
  // A script may ask both questions in one run, or find them in a file.
  const again = linesOf(scene.blocks, 'again', ON_PAGES)
  const asksBoth = again.includes(ON_PAGES.prompt) || !again.includes(ON_PAGES.second)
  if (!asksBoth) {
    const first = await start(scene, 'run', values, seconds / 2).ended
    const fault = endFault(first, seconds / 2)
    if (fault !== undefined) return verdictOf(`The first turn: ${fault}`, first.output)
  }
  const ended = await start(scene, 'again', values, seconds / 2).ended
  const hasAll = scene.engine.asked.some(({ body }) => isSecondTurn(body.messages ?? [], ANSWER))
  const fault =
    endFault(ended, seconds / 2) ??
    (hasAll ? undefined : 'The model did not get the first question and its answer.') ??
    (ended.output.includes(SECOND_ANSWER) ? undefined : 'The second answer was not shown.')
  return verdictOf(fault, ended.output)
}

async function interrupt(scene: Scene, seconds: number): Promise<Verdict> {
  const values = valuesFor(scene, 'slow')
  await setUp(scene, values)
  const program = start(scene, 'run', values, seconds)
  const streams = () => scene.engine.asked.filter(({ reply }) => reply?.isSlow)
  const began = await until(() => streams().some(({ sent }) => sent >= 8), seconds - 20)
  if (!began) {
    program.signal('SIGKILL')
    return verdictOf('No answer had begun that could be interrupted.', program.output())
  }
  let hasEnded = false
  void program.ended.then(() => {
    hasEnded = true
  })
  const stopped = () => streams().every(({ leftAt, isWhole }) => leftAt !== undefined || isWhole)
  program.signal('SIGINT')
  let presses = 1
  // Programs that ask "press again to exit" take the second one.
  if (!(await until(() => hasEnded, 3))) {
    program.signal('SIGINT')
    presses = 2
  }
  const serverStopped = await until(stopped, STOP)
  const clientEnded = await until(() => hasEnded, END)
  if (!clientEnded) program.signal('SIGKILL')
  const { output } = await program.ended
  if (!serverStopped) return verdictOf(`The server was still generating ${STOP} s later.`, output)
  if (!clientEnded) return verdictOf(`It did not end within ${END} s.`, output)
  return { passed: true, output, ...(presses > 1 && { note: 'It ends at the second Ctrl-C.' }) }
}

/** Passes when the client says what is wrong, in words that a user understands. */
async function tells(
  scene: Scene,
  about: Told,
  seconds: number,
  more: Partial<Values> = {},
): Promise<Verdict> {
  const values = valuesFor(scene, 'text', more)
  await setUp(scene, values)
  const before = scene.server.log.length
  const program = start(scene, 'run', values, seconds)
  const { output, code } = await program.ended
  const ended = Date.now()
  const answers = scene.server.log.slice(before)
  const refusal = answers.find(({ status }) => STATUSES[about].includes(status))
  if (refusal === undefined) {
    const statuses = answers.map(({ status }) => status).join(', ') || 'nothing'
    return verdictOf(`It was not refused; sluice answered ${statuses}.`, output)
  }
  if (lineThatTells(output, about) === undefined) {
    const said = lastLine(output)
    const what = said ? `It said only: ${said}` : 'It said nothing.'
    return verdictOf(
      code === undefined ? `${what} It did not end within ${seconds} s.` : what,
      output,
    )
  }
  if (code === undefined) return { passed: true, output, note: 'It says so, and keeps trying.' }
  const took = Math.round((ended - Date.parse(refusal.time)) / 1000)
  return { passed: true, output, ...(took > SOON && { note: patience(took) }) }
}

/** In round numbers, since they differ from run to run. */
function patience(seconds: number): string {
  const minutes = Math.round(seconds / 60)
  const long = minutes < 1 ? 'half a minute' : minutes === 1 ? 'a minute' : `${minutes} minutes`
  return `It tries again for about ${long} before it says so.`
}

function lastLine(output: string): string {
  const lines = output.split('\n').map((line) => line.trim())
  return lines.filter(Boolean).at(-1)?.slice(0, 160) ?? ''
}

async function limit(scene: Scene, seconds: number): Promise<Verdict> {
  const values = valuesFor(scene, 'text', { key: KEYS.limited })
  await setUp(scene, values)
  let ended = await askAtLimit(scene, values, seconds)
  // A request that became free may have gone to the client.
  for (let again = 0; again < 2 && !hasMetLimit(scene); again++) {
    ended = await askAtLimit(scene, values, seconds)
  }
  const { output, code } = ended
  if (!hasMetLimit(scene)) return verdictOf('It did not meet the limit.', output)
  if (output.includes(ANSWER)) return { passed: true, output, note: 'It tries again by itself.' }
  if (lineThatTells(output, 'limit') !== undefined) return { passed: true, output }
  const silent = code === undefined ? ` It was still running after ${seconds} s.` : ''
  return verdictOf(`It did not say that a limit was met.${silent}`, output)
}

/** Runs the client while its key has nothing left. */
async function askAtLimit(scene: Scene, values: Values, seconds: number): Promise<Ended> {
  const { base } = scene.server
  await spend(base, values.model)
  const program = start(scene, 'run', values, seconds)
  let hasEnded = false
  void program.ended.then(() => {
    hasEnded = true
  })
  // A request becomes free every three seconds, and the client may need longer to start.
  while (!hasMetLimit(scene) && !hasEnded) {
    await spend(base, values.model)
    await sleep(200)
  }
  return program.ended
}

function hasMetLimit({ server }: Scene): boolean {
  return server.log.some(({ status, path }) => status === 429 && !path.endsWith(SPENDING))
}

/** An API that no client of the suite asks for. */
const SPENDING = '/embeddings'

/** Spends what the limited key may ask for now. */
async function spend(base: string, model: string): Promise<void> {
  const body = JSON.stringify({ model, input: 'Hello.' })
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${KEYS.limited}` }
  for (let count = 0; count < 100; count++) {
    const { status } = await fetch(base + SPENDING, { method: 'POST', headers, body })
    if (status === 429) return
    // A model of chats has no vectors, and what it refuses is counted as well.
    if (status !== 200 && status !== 400)
      throw new Error(`sluice answered ${status} while the limit was used up.`)
  }
  throw new Error('sluice had no limit for the limited key.')
}

async function down(scene: Scene, seconds: number): Promise<Verdict> {
  await scene.engine.goDown()
  return tells(scene, 'down', seconds)
}

async function until(isDone: () => boolean, seconds: number): Promise<boolean> {
  const deadline = performance.now() + seconds * 1000
  while (!isDone()) {
    if (performance.now() > deadline) return false
    await sleep(50)
  }
  return true
}
