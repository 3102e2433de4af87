/** Which requests are captured, in the words of the setting `capture`. */
import { quoted } from '../util/safe/quoted.ts'
import { SettingsError } from './error.ts'

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

/** The most names that an error lists. */
const MOST_NAMES = 20

const MEANINGS = { key: 'the name of a configured key', engine: 'the label of an engine' } as const

/** The names that there are; undefined where any may come. */
export interface CaptureNames {
  key?: readonly string[] | undefined
  engine?: readonly string[] | undefined
}

/**
 * What is wrong with a rule for a key or an engine that there is not, as the first two parts of an error; undefined
 * where nothing is.
 */
export function unknownName(rule: CaptureRule, known: CaptureNames): string | undefined {
  if (!('name' in rule)) return undefined
  const names = known[rule.kind]
  if (names === undefined || names.includes(rule.name)) return undefined
  const shown = names.length === 0 ? 'there are none' : names.slice(0, MOST_NAMES).join(', ')
  return `expected ${rule.kind}= with ${MEANINGS[rule.kind]} (${shown}), got ${quoted(rule.name)}`
}

/** Throws a `SettingsError` where the setting names a key that there is not: nothing would ever be captured. */
export function requireCapturedKey(
  { capture, keys }: { capture: string; keys: readonly { name: string }[] },
  hasOtherCallers: boolean,
): void {
  const rule = readCaptureRule(capture)
  const wrong = rule && !hasOtherCallers && unknownName(rule, { key: keys.map(({ name }) => name) })
  if (wrong) throw new SettingsError(`capture: ${wrong}; name a key that there is, or remove it.`)
}
