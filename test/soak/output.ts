import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { merged, quantileOf } from './histogram.ts'
import type { SoakOptions } from './options.ts'
import type { SoakResult } from './soak.ts'

/** The most failures that are listed; the file has all. */
const LISTED = 12

export function print(options: SoakOptions, { rows, recorder, ends, seconds }: SoakResult): void {
  const width = Math.max(...rows.map(({ name }) => name.length))
  const wide = Math.max(...rows.map(({ value }) => value.length))
  const { host, seed, streams } = options
  console.log(`${host}: ${streams} streams at once for ${seconds} s, seed ${seed}`)
  for (const { name, value, bound, isBroken } of rows) {
    const verdict = isBroken ? 'BROKEN' : bound === '–' ? '' : 'ok'
    console.log(`  ${name.padEnd(width)}  ${value.padEnd(wide)}  ${bound.padEnd(20)} ${verdict}`)
  }
  console.log(`  ${loadOf(recorder.moments)}`)
  console.log(`  ${latenessOf(recorder)}`)
  if (isDisturbed(recorder))
    console.log('  The machine was too busy for these figures to say much: stop other programs.')
  list(
    'a stream',
    recorder.failures.map((each) => JSON.stringify(each)),
  )
  list(
    'an attacker',
    recorder.violations.map(({ attack, text }) => `${attack}: ${text}`),
  )
  list('the log', recorder.internalErrors)
  if (ends.complaint !== undefined) console.log(`  stderr: ${ends.complaint}`)
}

/** Those that begin alike are told once. */
function list(what: string, lines: string[]): void {
  const alike = Map.groupBy(lines, (line) => line.replace(/[\d-]+/g, '').slice(0, 120))
  for (const [first = '', ...others] of [...alike.values()].slice(0, LISTED)) {
    const more = others.length > 0 ? ` (and ${others.length} alike)` : ''
    console.log(`  ${what}${more}: ${first.slice(0, 700)}`)
  }
  if (alike.size > LISTED) console.log(`  … and ${alike.size - LISTED} sorts more`)
}

/** The mean share of a core of each process, while attacked and in the control. */
function loadOf(moments: SoakResult['recorder']['moments']): string {
  const parts = ['attacked', 'control'].map((phase) => {
    const chosen = moments.filter((moment) => moment.phase === phase)
    const names = Object.keys(chosen[0]?.cpu ?? {})
    const shares = names.map((name) => {
      const sum = chosen.reduce((total, { cpu }) => total + (cpu[name] ?? 0), 0)
      return `${name} ${(sum / chosen.length).toFixed(0)} %`
    })
    return `${phase}: ${shares.join(', ')}`
  })
  const rate = ((moments.at(-1)?.rate ?? 1) * 100).toFixed(0)
  return `attacks at ${rate} % of their rates; shares of one core, ${parts.join('; ')}`
}

function latenessOf({ figures, upstreamLateness }: SoakResult['recorder']): string {
  const all = [...figures.values()]
  const client = quantileOf(merged(all.map(({ lateness }) => lateness)), 0.99) / 1_000
  const upstream = quantileOf(merged(upstreamLateness), 0.99) / 1_000
  const leftOut = all.reduce((sum, each) => sum + each.leftOut, 0)
  const tokens = all.reduce((sum, each) => sum + each.tokens, 0)
  const share = ((100 * leftOut) / tokens).toFixed(1)
  return `own lateness, p99: client ${client.toFixed(1)} ms, upstream ${upstream.toFixed(1)} ms; ${share} % of ${tokens} samples left out for it`
}

/** Whether much was left out, or the attackers had to be slowed down a lot. */
function isDisturbed({ figures, moments }: SoakResult['recorder']): boolean {
  const all = [...figures.values()]
  const leftOut = all.reduce((sum, each) => sum + each.leftOut, 0)
  const tokens = all.reduce((sum, each) => sum + each.tokens, 0)
  return leftOut > 0.1 * tokens || (moments.at(-1)?.rate ?? 1) < 0.2
}

/** Everything that was seen, as JSON. */
export function writeDetails(options: SoakOptions, result: SoakResult): void {
  const { rows, recorder, ends, seconds } = result
  const { failures, violations, internalErrors, moments, closing, attacks, byKind } = recorder
  const figures = Object.fromEntries(recorder.figures)
  const seen = { failures, violations, internalErrors, attacks, byKind, closing, figures, moments }
  mkdirSync(dirname(options.json), { recursive: true })
  writeFileSync(options.json, JSON.stringify({ options, seconds, rows, ends, ...seen }, null, 1))
  console.log(`  details: ${options.json}`)
}
