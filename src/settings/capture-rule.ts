/** Which requests are captured, in the words of the setting `capture`. */

/** What the setting may be. */
export const CAPTURE_RULE = /^(off|all|key=.+|engine=.+|next=[1-9]\d{0,5})$/

/** The same in words. */
export const CAPTURE_RULES = 'off, all, key=NAME, engine=LABEL or next=N'

export type CaptureRule =
  | { kind: 'off' | 'all' }
  | { kind: 'key' | 'engine'; name: string }
  | { kind: 'next'; left: number }

/** Reads a text that has this form; undefined where it has another. */
export function readCaptureRule(text: string): CaptureRule | undefined {
  if (!CAPTURE_RULE.test(text)) return undefined
  const [kind = '', name = ''] = /^([^=]+)=?(.*)$/s.exec(text)?.slice(1) ?? []
  if (kind === 'off' || kind === 'all') return { kind }
  if (kind === 'next') return { kind, left: Number(name) }
  return { kind: kind === 'key' ? 'key' : 'engine', name }
}

export function captureRuleText(rule: CaptureRule): string {
  if (rule.kind === 'next') return `next=${rule.left}`
  return 'name' in rule ? `${rule.kind}=${rule.name}` : rule.kind
}
