/**
 * A process of its own: clients that keep within their limits. It measures the gaps between tokens,
 * and its own lateness, so that a late client is not taken for a late server.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { now } from '../../bench/clock.ts'
import { type Answered, ask, closeConnections } from './exchange.ts'
import { bodyOf, KINDS, type Kind } from './kinds.ts'
import { addFirstToken, addGap, completed, setPhase } from './measure.ts'
import { onCommand, report, type Start } from './messages.ts'
import { type Random, seeded } from './random.ts'
import { type Assignment, PACE } from './text.ts'

let isFinishing = false
let running = 0
let serial = 0

/** Milliseconds for which a stored response is left alone before it is read again. */
const STORED_FOR = 4_000

onCommand((command) => {
  if (command.type === 'start') begin(command)
  else if (command.type === 'phase') setPhase(command.phase)
  else if (command.type === 'finish') void finish()
})
report({ type: 'ready' })

function begin(start: Start): void {
  const keys = Object.entries(start.secrets).filter(([name]) => name.startsWith('good-'))
  for (let lane = 0; lane < start.streams; lane++) {
    const [name = '', secret = ''] = keys[lane % keys.length] ?? []
    const random = seeded(start.seed, `client ${lane}`)
    void follow({ port: start.ports.measured, name, secret, random }, lane)
  }
}

interface Lane {
  port: number
  name: string
  secret: string
  random: Random
}

/** One request after the other, of each kind in turn. */
async function follow(lane: Lane, offset: number): Promise<void> {
  running++
  await sleep(lane.random.between(0, 1_000))
  for (let turn = offset; !isFinishing; turn++) {
    const kind = KINDS[turn % KINDS.length] as Kind
    await once(lane, kind)
  }
  running--
}

async function once(lane: Lane, kind: Kind): Promise<void> {
  const { random, name, secret, port } = lane
  const tokens = random.between(20, 160)
  const id = `${name}-${serial++}`
  const assignment: Assignment = { id, tokens, every: PACE, shape: kind.shape }
  const body = bodyOf(kind, assignment)
  const begun = now()
  let last: { sent: number; arrived: number } | undefined
  const onToken = (sent: number, arrived: number) => {
    // The last events of a response repeat its whole text.
    if (last !== undefined && sent <= last.sent) return
    if (last === undefined) addFirstToken(arrived - begun)
    else addGap({ last, sent, arrived })
    last = { sent, arrived }
  }
  const asking = { port, method: 'POST' as const, path: kind.path, secret, body }
  const answer = await ask(kind.streams ? { ...asking, onToken } : asking)
  const causes = await judge(lane, kind, assignment, answer)
  completed(kind.name)
  if (causes.length === 0) return
  const failure = { at: Date.now(), kind: kind.name, key: name, id, status: answer.status, causes }
  report({ type: 'failure', failure })
  // A server that refuses everything should not be asked in a tight loop.
  await sleep(250)
}

async function judge(
  lane: Lane,
  kind: Kind,
  assignment: Assignment,
  answer: Answered,
): Promise<string[]> {
  const refusal = refusalOf(answer)
  if (refusal) return [refusal]
  try {
    if (kind.name === 'background') return await judgeBackground(lane, kind, assignment, answer)
    const found = kind.judge(answer.text, assignment)
    if (kind.name !== 'stored' || found.length > 0) return found
    await sleep(STORED_FOR)
    return await judgeAgain(lane, kind, assignment, answer)
  } catch (error) {
    return [`${error} in ${answer.text.slice(0, 200)}`]
  }
}

function refusalOf({ status, text, broke }: Answered): string | undefined {
  if (broke !== undefined) return `the connection broke (${broke}) after ${text.length} characters`
  return status === 200 ? undefined : `status ${status}: ${text.slice(0, 300)}`
}

/** Reads a stored response again: it must not have been lost in the meantime. */
async function judgeAgain(
  { port, secret }: Lane,
  kind: Kind,
  assignment: Assignment,
  { text }: Answered,
): Promise<string[]> {
  const { id } = JSON.parse(text) as { id: string }
  const again = await ask({ port, secret, method: 'GET', path: `/v1/responses/${id}` })
  const refusal = refusalOf(again)
  return refusal ? [`read again: ${refusal}`] : kind.judge(again.text, assignment)
}

/** A background response may take twice its time, and 20 s. */
async function judgeBackground(
  lane: Lane,
  kind: Kind,
  assignment: Assignment,
  { text }: Answered,
): Promise<string[]> {
  const { id } = JSON.parse(text) as { id: string }
  const deadline = performance.now() + 2 * assignment.tokens * assignment.every + 20_000
  const { port, secret } = lane
  for (;;) {
    await sleep(500)
    const polled = await ask({ port, secret, method: 'GET', path: `/v1/responses/${id}` })
    const refusal = refusalOf(polled)
    if (refusal) return [`polled: ${refusal}`]
    const { status } = JSON.parse(polled.text) as { status: string }
    if (status !== 'queued' && status !== 'in_progress') return kind.judge(polled.text, assignment)
    if (performance.now() > deadline) return [`polled: still ${status} after its time`]
  }
}

async function finish(): Promise<void> {
  isFinishing = true
  setPhase(undefined)
  while (running > 0) await sleep(50)
  closeConnections()
  report({ type: 'done' })
}
