import type { Finding } from '../../src/check/rules/rule.ts'
import { type RuleName, rules } from '../../src/check/rules/rules.ts'

/** The findings of `sluice check` for a stream; nothing until there are any. */
export function Rules({ findings }: { findings: readonly Finding<RuleName>[] | undefined }) {
  if (findings === undefined) return null
  if (findings.length === 0) return <p class="weak">✓ This stream breaks no rule.</p>
  return <RuleList findings={findings} />
}

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
