/** Measures how much processor time others used on the benchmark's cores during a measurement. */
import { readFileSync } from 'node:fs'
import { now } from './clock.ts'
import { usageOf } from './process.ts'

/** Shares of one core's time, in percent. NaN where the system does not report them. */
export interface Disturbance {
  /** The time that a virtual machine's host gave to others, on the core that lost more. */
  stolen: number
  /** The time that other processes used, on all cores of the benchmark. */
  others: number
}

/** Below this sum, in percent, a measurement counts as undisturbed. */
export const TOLERABLE = 4

const TICK_MICROS = 10_000

/**
 * Starts watching `cores` (an empty list means all). The function that it returns gives the
 * disturbance since then. `cpu` returns the nanoseconds of processor time that the candidate has used.
 */
export function watch(cores: readonly number[], cpu: () => number): () => Disturbance {
  const own = () => usageOf(process.pid).cpu + (cpu() || 0)
  const startedAt = now()
  const before = { own: own(), cores: readCores(cores) }
  return () => {
    const micros = now() - startedAt
    const after = readCores(cores)
    let busy = 0
    let stolen = Number.NaN
    for (const [i, core] of after.entries()) {
      const was = before.cores[i]
      if (was === undefined) continue
      busy += (core.busy - was.busy) * TICK_MICROS
      stolen = Math.max(stolen || 0, (core.stolen - was.stolen) * TICK_MICROS)
    }
    const others = Math.max(0, busy - (own() - before.own) / 1000)
    const percent = (value: number) => (100 * value) / micros
    return {
      stolen: percent(stolen),
      others: after.length > 0 ? percent(others) : Number.NaN,
    }
  }
}

/** Ticks so far: user, nice, system, idle, iowait, irq, softirq, steal. */
function readCores(cores: readonly number[]): { busy: number; stolen: number }[] {
  const names = cores.length > 0 ? cores.map((core) => `cpu${core}`) : ['cpu']
  const lines = readStat().filter((line) => names.includes(line.split(' ')[0] ?? ''))
  return lines.map((line) => {
    const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, stolen = 0] = line
      .trim()
      .split(/ +/)
      .slice(1)
      .map(Number)
    return { busy: user + nice + system + irq + softirq, stolen }
  })
}

function readStat(): string[] {
  try {
    return readFileSync('/proc/stat', 'utf8').split('\n')
  } catch {
    return []
  }
}
