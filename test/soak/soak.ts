import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startServer } from '../support/server.ts'
import { TARGETS, type Target } from './messages.ts'
import {
  complaintIn,
  type Holdings,
  holdingsOf,
  internalErrors,
  isRunning,
} from './observe-server.ts'
import type { SoakOptions } from './options.ts'
import { seeded } from './random.ts'
import { Recorder } from './record.ts'
import type { Scene } from './scene.ts'
import { makeKeys, OPERATOR, writeSettings } from './setup.ts'
import { type Ends, MAX_DESCRIPTORS, MAX_GROWTH, type Row, rowsOf } from './verdict.ts'
import { watch } from './watch.ts'
import { startWorker } from './worker-process.ts'

export interface SoakResult {
  rows: Row[]
  recorder: Recorder
  ends: Ends
  seconds: number
}

/** Seconds after a change of phase whose samples don't count, since the attacks before it still end. */
const SETTLING = 3
/** Seconds of attacks and rest before the first phase. */
const WARM_UP = { attacked: 10, rest: 6 }
/** Seconds after the last stream within which everything has to return. */
const RETURN_WITHIN = 90

/** Runs a soak to its end; whatever it started has ended then. */
export async function soak(options: SoakOptions, tell: Scene['tell']): Promise<SoakResult> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-soak-'))
  const removeFolder = () => rmSync(folder, { recursive: true, force: true })
  process.once('exit', removeFolder)
  const cleanUp: (() => unknown)[] = [removeFolder]
  try {
    const scene = await prepare(options, tell, folder, cleanUp)
    return await run(scene)
  } finally {
    for (const act of cleanUp.reverse()) await act()
  }
}

async function prepare(
  options: SoakOptions,
  tell: Scene['tell'],
  folder: string,
  cleanUp: (() => unknown)[],
): Promise<Scene> {
  const recorder = new Recorder()
  const launch = async (file: string) => {
    const worker = await startWorker(file, (report) => recorder.take(report))
    cleanUp.push(worker.kill)
    return worker
  }
  const [healthy, hostile, client, attackers] = await Promise.all([
    launch('healthy-upstream.ts'),
    launch('hostile-upstream.ts'),
    launch('client.ts'),
    launch('attackers.ts'),
  ])
  const { secrets, entries } = makeKeys()
  const open = async (target: Target) => {
    const path = join(folder, `${target}.json`)
    const upstreams = { healthy: healthy.ports[target], hostile: hostile.ports[target] }
    const file = writeSettings(path, entries, upstreams)
    const server = await startServer(options.host, ['--config', path])
    cleanUp.push(() => server.kill())
    return { file, server }
  }
  const [measured, other] = await Promise.all([open('measured'), open('other')])
  const workers = { healthy, hostile, client, attackers }
  const servers = { measured: measured.server, other: other.server }
  const files = { measured: measured.file, other: other.file }
  return {
    options,
    recorder,
    secrets,
    files,
    servers,
    workers,
    tell,
    phase: '',
    target: undefined,
    rate: 1,
  }
}

async function run(scene: Scene): Promise<SoakResult> {
  const { options, recorder, servers, workers } = scene
  const begun = performance.now()
  const watching = watch(scene)
  const idle = await begin(scene)
  await warmUp(scene)
  const pairs = options.minutes >= 5 ? 5 : 3
  const seconds = Math.max(SETTLING + 2, (options.minutes * 60) / pairs / 2)
  const before = { ...idle }
  for (let turn = 0; turn < pairs * 2; turn++) {
    await runPhase(scene, turn, seconds)
    // What the attacks need at once is kept for the next, and stores fill up to their byte limits: only
    // what still grows in the second half is a leak.
    if (turn === pairs - 1)
      before.memory = Math.max(...recorder.moments.map(({ memory }) => memory))
  }
  attack(scene, undefined, 'rest')
  workers.client.tell({ type: 'finish' })
  await Promise.race([recorder.done, sleep(60_000)])
  const ends = await settle(scene, before, idle.resting)
  watching.stop()
  const whole = Math.round((performance.now() - begun) / 1_000)
  const random = seeded(options.seed, 'bootstrap')
  for (const target of TARGETS) recorder.internalErrors.push(...internalErrors(servers[target]))
  return { rows: rowsOf(recorder, ends, random), recorder, ends, seconds: whole }
}

/** Starts client and attackers; returns what the server held before. */
async function begin(scene: Scene): Promise<Holdings & { resting: number }> {
  const { options, recorder, servers, secrets, workers } = scene
  await sleep(1_500)
  const idle = await holdingsOf(servers.measured, secrets[OPERATOR] ?? '')
  const resting = recorder.upstream.measured.connections
  const ports = { measured: servers.measured.port, other: servers.other.port }
  const { seed, streams, attacks } = options
  const start = { type: 'start' as const, ports, secrets, seed, streams, attacks }
  workers.client.tell(start)
  workers.attackers.tell(start)
  return { ...idle, resting }
}

function attack(scene: Scene, target: Target | undefined, phase: string): void {
  scene.target = target
  scene.phase = phase
  scene.workers.attackers.tell({ type: 'attack', target })
}

/** What is made once, at the first requests and attacks of each sort, does not count. */
async function warmUp(scene: Scene): Promise<void> {
  scene.tell('warming up')
  for (const target of TARGETS) {
    attack(scene, target, 'warm-up')
    await sleep(WARM_UP.attacked * 1_000)
  }
  attack(scene, undefined, 'warm-up')
  await sleep(WARM_UP.rest * 1_000)
}

async function runPhase(scene: Scene, turn: number, seconds: number): Promise<void> {
  const isAttacked = turn % 2 === 0
  const name = isAttacked ? 'attacked' : 'control'
  const { recorder, workers, tell } = scene
  attack(scene, isAttacked ? 'measured' : 'other', name)
  await sleep(SETTLING * 1_000)
  workers.client.tell({ type: 'phase', phase: turn })
  await sleep((seconds - SETTLING) * 1_000)
  workers.client.tell({ type: 'phase', phase: undefined })
  const { streams, failures, violations } = recorder
  const { memory = 0, engines } = recorder.moments.at(-1) ?? { engines: [] }
  tell(
    `phase ${turn + 1}, ${name}: ${streams} streams so far, ${failures.length} failed, ${violations.length} violations; ${(memory / 2 ** 20).toFixed(0)} MiB; ${engines.join(', ')}`,
  )
}

/** Waits until all has returned to the level before, or the time for that is up. */
async function settle(scene: Scene, before: Holdings, restingBefore: number): Promise<Ends> {
  const { recorder, servers, secrets } = scene
  const begun = performance.now()
  for (;;) {
    const after = await holdingsOf(servers.measured, secrets[OPERATOR] ?? '')
    const { connections, running } = recorder.upstream.measured
    const resting = { before: restingBefore, after: connections - running }
    const grown = after.descriptors - resting.after - (before.descriptors - restingBefore)
    const hasReturned =
      after.running === 0 &&
      after.waiting === 0 &&
      grown <= MAX_DESCRIPTORS &&
      after.memory - before.memory <= MAX_GROWTH
    const returnedAfter = Math.round((performance.now() - begun) / 1_000)
    if (hasReturned || returnedAfter >= RETURN_WITHIN) {
      const all = Object.values(servers)
      const complaint = all.map((each) => complaintIn(each.stderr())).find(Boolean)
      const isAlive = all.every(({ pid, supervisor }) => isRunning(pid) && isRunning(supervisor))
      return { before, after, returnedAfter, resting, complaint, isAlive }
    }
    await sleep(1_000)
  }
}
