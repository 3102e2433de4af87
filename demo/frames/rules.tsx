import { signal } from '@preact/signals'
import type { Finding } from '../../src/check/rules/rule.ts'
import type { RuleName } from '../../src/check/rules/rules.ts'

interface RulesProps {
  findings: readonly Finding<RuleName>[] | undefined
}

/** What shows broken rules, with all that they say: loaded when one is broken. */
const list = signal<typeof import('../check.ts') | undefined>(undefined)

/** The findings of `sluice check` for a stream; nothing until there are any. */
export function Rules({ findings }: RulesProps) {
  if (findings === undefined) return null
  if (findings.length === 0) return <p class="weak">✓ This stream breaks no rule.</p>
  if (list.value === undefined) {
    void import('../check.ts').then(
      (loaded) => {
        list.value = loaded
      },
      () => {},
    )
    return (
      <p class="weak">This stream breaks rules: {findings.map(({ rule }) => rule).join(', ')}</p>
    )
  }
  const { RuleList } = list.value
  return <RuleList findings={findings} />
}
