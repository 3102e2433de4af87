import type { Verification } from './verification.ts'

/** The differences of a server since an earlier record. */
export interface Comparison {
  since: string
  /** Rules that are broken now and were not then, and the other way round. */
  newlyBroken: string[]
  repaired: string[]
  /** Facts about server and machine that changed: name, before, now. */
  changed: [name: string, before: string, now: string][]
  /** Measured times that differ by more than a quarter: name, before, now, in milliseconds. */
  slower: [name: string, before: number, now: number][]
  faster: [name: string, before: number, now: number][]
}

/** Noise between two measurements, as a share of the earlier one and in milliseconds. */
const NOISE = { share: 0.25, ms: 5 }

/** Compares two records of the same server. */
export function compare(before: Verification, now: Verification): Comparison {
  const was = new Set(before.broken.map(({ rule }) => rule as string))
  const is = new Set(now.broken.map(({ rule }) => rule as string))
  const times = timesOf(before, now).filter(([, old, current]) => {
    return Math.abs(current - old) > Math.max(NOISE.ms, old * NOISE.share)
  })
  return {
    since: before.date,
    newlyBroken: [...is].filter((rule) => !was.has(rule)),
    repaired: [...was].filter((rule) => !is.has(rule)),
    changed: factsOf(before, now).filter(([, old, current]) => old !== current),
    slower: times.filter(([, old, current]) => current > old),
    faster: times.filter(([, old, current]) => current < old),
  }
}

function factsOf(before: Verification, now: Verification): [string, string, string][] {
  const facts = (record: Verification): [string, string][] => [
    ['url', record.url],
    ['checked by', record.by],
    ['model', record.model ?? ''],
    ['server', record.server ?? ''],
    ['machine', JSON.stringify(record.machine)],
    ['limits', JSON.stringify(record.limits)],
  ]
  const old = new Map(facts(before))
  return facts(now).map(([name, value]) => [name, old.get(name) ?? '', value])
}

function timesOf(before: Verification, now: Verification): [string, number, number][] {
  const [old, current] = [before.timings, now.timings]
  if (old === undefined || current === undefined) return []
  return [
    ['headers', old.headers, current.headers],
    ['first token', old.firstToken, current.firstToken],
    ['gap between events', old.gap.median, current.gap.median],
    ['total', old.total, current.total],
  ]
}

/** A comparison as text for a terminal. */
export function comparisonText(comparison: Comparison): string {
  const { since, newlyBroken, repaired, changed, slower, faster } = comparison
  const lines = [
    ...newlyBroken.map((rule) => `  newly broken  ${rule}`),
    ...repaired.map((rule) => `  repaired        ${rule}`),
    ...changed.map(([name, old, current]) => `  ${name}: ${old || 'unknown'}, now ${current}`),
    ...slower.map(
      ([name, old, current]) => `  slower        ${name}: ${old} ms, now ${current} ms`,
    ),
    ...faster.map(
      ([name, old, current]) => `  faster        ${name}: ${old} ms, now ${current} ms`,
    ),
  ]
  return `Since ${since}\n${lines.length > 0 ? lines.join('\n') : '  Nothing has changed.'}\n`
}

/** Parses a record. Throws an `Error` that says why the text is not one. */
export function parseVerification(text: string): Verification {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new Error(
      'expected JSON, got text that does not parse as JSON; write a record with --report FILE.json',
    )
  }
  const version = (value as Record<string, unknown> | null)?.['sluice-verification']
  if (version !== 1)
    throw new Error(
      'expected a record of "sluice check" (version 1), got other JSON; write one with --report FILE.json',
    )
  return value as Verification
}
