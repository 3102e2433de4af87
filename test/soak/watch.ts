/** Looks at every process once a second. */
import { readdirSync, readFileSync } from 'node:fs'
import { RELOAD } from './attacks/table.ts'
import { TARGETS } from './messages.ts'
import { cpuOf, holdingsOf, internalErrors } from './observe-server.ts'
import type { Scene } from './scene.ts'
import { OPERATOR } from './setup.ts'

/** Seconds between two reloads of the server that is attacked. */
const RELOAD_EVERY = 10
/** Percent of the time for which the attacked server's busiest thread may run or wait for a core. */
const BUSIEST = 70
/** Rates never fall below this share of those in the table. */
const LOWEST_RATE = 0.02
/** What the attackers cause. */
const THEIRS = ['measured', 'other', 'attackers', 'hostile']

type Shares = Record<string, number>

export function watch(scene: Scene): { stop(): void } {
  const begun = performance.now()
  const shares = shareMeter(scene)
  const occupations = {
    measured: occupationMeter(scene.servers.measured.pid),
    other: occupationMeter(scene.servers.other.pid),
  }
  let ticks = 0
  let isAsking = false
  const timer = setInterval(async () => {
    if (++ticks % RELOAD_EVERY === 0) reload(scene)
    const { recorder, servers, secrets, phase, rate } = scene
    for (const target of TARGETS) recorder.internalErrors.push(...internalErrors(servers[target]))
    const cpu = shares()
    const occupied = scene.target === undefined ? 0 : occupations[scene.target]()
    if (phase === 'warm-up' && scene.target) adapt(scene, cpu, occupied)
    if (isAsking) return
    isAsking = true
    const holdings = await holdingsOf(servers.measured, secrets[OPERATOR] ?? '')
    isAsking = false
    const upstream = { ...recorder.upstream.measured }
    const at = Math.round((performance.now() - begun) / 1_000)
    recorder.moments.push({ at, phase, ...holdings, upstream, rate, cpu })
  }, 1_000)
  return { stop: () => clearInterval(timer) }
}

function reload({ options, target, files, recorder }: Scene): void {
  if (target === undefined || !options.attacks.includes(RELOAD)) return
  files[target].rewrite()
  recorder.reloads++
}

/**
 * Attacks become rarer while their processes use more than their share, and while the attacked server
 * has hardly a moment to rest: a queue that only grows says nothing of who is served first. Only while warming up: later
 * the rates are the same in the attacked phases and in the control.
 */
function adapt(scene: Scene, cpu: Shares, occupied: number): void {
  const used = THEIRS.reduce((sum, name) => sum + (cpu[name] ?? 0), 0)
  const excess = Math.max(used / scene.options.share, occupied / BUSIEST)
  if (excess <= 1) return
  scene.rate = Math.max(LOWEST_RATE, scene.rate / Math.min(2, excess))
  scene.workers.attackers.tell({ type: 'rate', factor: scene.rate })
}

/** Returns a function that tells the shares of one core, in percent, since its last call. */
function shareMeter({ servers, workers }: Scene): () => Shares {
  const pids = {
    measured: servers.measured.pid,
    other: servers.other.pid,
    ...Object.fromEntries(Object.entries(workers).map(([name, { pid }]) => [name, pid])),
  }
  const read = (): Shares => ({
    ...Object.fromEntries(Object.entries(pids).map(([name, pid]) => [name, cpuOf(pid)])),
    observer: ownCpu(),
  })
  let last = { at: performance.now(), cpu: read() }
  return () => {
    const now = { at: performance.now(), cpu: read() }
    const per = (now.at - last.at) * 1e4
    const shares = Object.entries(now.cpu).map(([name, nanoseconds]) => {
      return [name, Math.round((nanoseconds - (last.cpu[name] ?? 0)) / per)]
    })
    last = now
    return Object.fromEntries(shares)
  }
}

/**
 * Returns a function that tells for what percent of the time since its last call the busiest thread
 * was running or waited for a core.
 */
function occupationMeter(pid: number): () => number {
  let last = { at: performance.now(), threads: occupiedOf(pid) }
  return () => {
    const now = { at: performance.now(), threads: occupiedOf(pid) }
    const used = [...now.threads].map(([id, time]) => time - (last.threads.get(id) ?? time))
    const share = Math.max(0, ...used) / (now.at - last.at) / 1e4
    last = now
    return share
  }
}

/** Nanoseconds that each thread has run or waited for a core, by its id. */
function occupiedOf(pid: number): Map<string, number> {
  try {
    const folder = `/proc/${pid}/task`
    const threads = readdirSync(folder).map((id): [string, number] => {
      const [ran = 0, waited = 0] = readFileSync(`${folder}/${id}/schedstat`, 'utf8')
        .split(' ')
        .map(Number)
      return [id, ran + waited]
    })
    return new Map(threads)
  } catch {
    return new Map()
  }
}

/** Nanoseconds, without those of child processes. */
function ownCpu(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) * 1_000
}
