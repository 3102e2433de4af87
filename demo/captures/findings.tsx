import { RuleList } from '../frames/rule-list.tsx'
import type { Checked } from './captures-state.ts'

/** The result of a check: the rules that the stream breaks. */
export function CheckResult({ checked }: { checked: Checked }) {
  if (checked.state === 'running') return <p class="weak">Checking…</p>
  if (checked.state === 'failed') return <p class="capture-problem">{checked.why}</p>
  const { findings, side } = checked
  const whose = side === 'engine' ? 'What the engine sent' : 'What was sent to the client'
  if (findings.length === 0) return <p class="weak">✓ {whose} breaks no rule.</p>
  return (
    <>
      <p class="weak">
        {whose} breaks {findings.length === 1 ? '1 rule' : `${findings.length} rules`}:
      </p>
      <RuleList findings={findings} />
    </>
  )
}
