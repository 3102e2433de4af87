/** One server checked through each proxy in front of it: which hop breaks which rule. */
import type { Report } from './report.ts'
import { type RuleName, rules } from './rules/rules.ts'

/** A rule that the server keeps, and a hop breaks. */
export interface HopViolation {
  rule: RuleName
  /** The address of the hop, as it was given. */
  hop: string
}

/**
 * The rules that each hop breaks. `reports` go from the server outwards; a rule that the server itself
 * breaks is not attributed to a hop.
 */
export function violationsByHop(reports: readonly Report[]): HopViolation[] {
  const [server, ...hops] = reports.map((report) => ({
    url: report.url,
    broken: report.results.flatMap(({ dialect, findings }) =>
      findings.map(({ rule }) => ({ rule, what: `${rule} of ${dialect}` })),
    ),
  }))
  const known = new Set(server?.broken.map(({ what }) => what))
  const violations: HopViolation[] = []
  for (const { url, broken } of hops) {
    for (const { rule, what } of broken) {
      if (known.has(what)) continue
      known.add(what)
      const isTold = violations.some((each) => each.rule === rule && each.hop === url)
      if (!isTold) violations.push({ rule, hop: url })
    }
  }
  const order = Object.keys(rules)
  return violations.sort((a, b) => order.indexOf(a.rule) - order.indexOf(b.rule))
}
