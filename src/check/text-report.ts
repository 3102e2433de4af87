import { violationsByHop } from './hops.ts'
import { type Report, reasonOf, type Score, scoreText } from './report.ts'
import { rules } from './rules/rules.ts'
import { countBySeverity, type Violation, violationsOf } from './violations.ts'

/** Formats text for a terminal; returns it unchanged if there are no colours. */
export interface Paint {
  strong(text: string): string
  weak(text: string): string
  /** A text from a server, with control characters removed. */
  plain(text: string): string
}

/** The report as text for a terminal. */
export function textReport(report: Report, paint: Paint): string {
  const { url, model, scores, dialects } = report
  const { strong, weak, plain } = paint
  const title = `${strong(plain(url))}${model === undefined ? '' : `  ${weak(plain(model))}`}`
  const untested = Object.entries(report.untested).map(([dialect, why]) => {
    const what = dialects.length === 0 ? 'It' : dialect
    return `${what} could not be checked: ${plain(why)}`
  })
  if (dialects.length === 0) return `${[title, ...new Set(untested)].join('\n\n')}\n`
  const table = scores.map((score) => rowOf(score, paint))
  const violations = violationsOf(report).map((violation) => describe(violation, paint))
  const counts = countBySeverity(report)
  const summary = `${plural(counts.error, 'error')}, ${plural(counts.warning, 'warning')}, ${plural(counts.hint, 'hint')}`
  const asked = dialects.length > 1 ? [`  ${dialects.join(', ')}`] : []
  const parts = [
    ...[title, ...asked, table.join('\n'), ...untested, ...violations],
    violations.length === 0 ? 'No rule is broken.' : summary,
  ]
  return `${parts.join('\n\n')}\n`
}

function rowOf(score: Score, { weak, plain }: Paint): string {
  const { section, rules: all, broken } = score
  const name = section.padEnd(11)
  const reason = reasonOf(score)
  if (reason !== undefined && all === 0) return `  – ${name} ${weak(plain(reason))}`
  return `  ${broken === 0 ? '✓' : '✗'} ${name} ${plain(scoreText(score))}`
}

/** The reports of the server and all hops, and which hop breaks which rule. */
export function pathText(reports: readonly Report[], paint: Paint): string {
  const { strong, plain } = paint
  const lines = violationsByHop(reports).map(
    ({ rule, hop }) => `  ${strong(rule)} is broken by the hop at ${plain(hop)}`,
  )
  const summary = lines.length > 0 ? lines.join('\n') : '  No hop breaks a rule.'
  return `${reports.map((report) => textReport(report, paint)).join('\n')}\nHops\n${summary}\n`
}

function describe({ finding, titles }: Violation, { strong, weak, plain }: Paint): string {
  const { rule, seen, offset, at, bytes, count } = finding
  const { severity, requirement, affected, repair } = rules[rule]
  const times = count === undefined ? '' : ` (${count} times)`
  const place =
    offset === undefined || at === undefined ? '' : `, byte ${offset}, after ${Math.round(at)} ms`
  const lines = [
    `${severity.toUpperCase()}  ${strong(rule)}  ${requirement}`,
    `  seen     ${plain(seen)}${times} in ${titles.join(', ')}${place}`,
    ...(bytes === undefined ? [] : [`           ${weak(bytes)}`]),
    `  affects  ${affected}`,
    `  repair   ${repair}`,
  ]
  return lines.join('\n')
}

function plural(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`
}
