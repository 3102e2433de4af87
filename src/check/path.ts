/** One server seen through everything that stands before it: which hop breaks what. */
import type { Report } from './check.ts'
import { type RuleName, rules } from './rules.ts'

/** A rule that holds at the server, and no longer behind a hop. */
export interface HopBreach {
  rule: RuleName
  /** The address of the hop, as it was given. */
  hop: string
}

/**
 * What each hop breaks: `reports` go from the server outwards. What the server itself breaks is no
 * hop's fault.
 */
export function brokenByHops(reports: readonly Report[]): HopBreach[] {
  const [server, ...hops] = reports.map((report) => ({
    url: report.url,
    broken: new Set(report.asked.flatMap(({ findings }) => findings.map(({ rule }) => rule))),
  }))
  const known = new Set(server?.broken)
  const breaches: HopBreach[] = []
  for (const { url, broken } of hops) {
    for (const rule of broken) {
      if (known.has(rule)) continue
      known.add(rule)
      breaches.push({ rule, hop: url })
    }
  }
  const order = Object.keys(rules)
  return breaches.sort((a, b) => order.indexOf(a.rule) - order.indexOf(b.rule))
}
