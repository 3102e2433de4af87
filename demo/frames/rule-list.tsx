import type { Finding } from '../../src/check/rules/rule.ts'
import { type RuleName, rules } from '../../src/check/rules/rules.ts'

/** Each broken rule: what it asks for, what was seen, and what to do. */
export function RuleList({ findings }: { findings: readonly Finding<RuleName>[] }) {
  return (
    <ul class="rules" aria-label="Broken rules">
      {findings.map(({ rule, seen, count }) => (
        <li key={rule} class={rules[rule].severity}>
          <strong>{rule}</strong> {rules[rule].requirement}
          <small>
            {seen}
            {count === undefined ? '' : ` (${count} times)`}. {rules[rule].repair}
          </small>
        </li>
      ))}
    </ul>
  )
}
