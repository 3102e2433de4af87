import { type Report, titleIn } from './report.ts'
import type { Finding, Severity } from './rules/rule.ts'
import { type RuleName, rules } from './rules/rules.ts'

/** A broken rule, and the questions whose answers break it. */
export interface Violation {
  finding: Finding<RuleName>
  titles: string[]
}

/** The broken rules of a report, in the order of the rules. */
export function violationsOf(report: Report): Violation[] {
  const violations = new Map<RuleName, Violation>()
  for (const result of report.results) {
    const title = titleIn(report, result)
    for (const finding of result.findings) {
      const existing = violations.get(finding.rule)
      if (existing === undefined) violations.set(finding.rule, { finding, titles: [title] })
      else existing.titles.push(title)
    }
  }
  const order = Object.keys(rules)
  return [...violations.values()].sort(
    (a, b) => order.indexOf(a.finding.rule) - order.indexOf(b.finding.rule),
  )
}

/** The number of broken rules of each severity. */
export function countBySeverity(report: Report): Record<Severity, number> {
  const counts = { error: 0, warning: 0, hint: 0 }
  for (const { finding } of violationsOf(report)) counts[rules[finding.rule].severity]++
  return counts
}
