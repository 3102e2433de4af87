import type { RecordedBody } from './recorded-body.ts'
import type { DialectName, Finding } from './rules/rule.ts'
import { appliesTo, type RuleName } from './rules/rules.ts'

/** The most bytes shown of what broke a rule. */
const SHOWN = 120

/** Collects findings: the first violation of each rule in full, and the number of all. */
export class Findings {
  readonly #found = new Map<RuleName, Finding<RuleName>>()
  readonly #dialect: DialectName
  readonly #body: RecordedBody

  /** Findings about an answer of a dialect; `body` is its body. */
  constructor(dialect: DialectName, body: RecordedBody) {
    this.#dialect = dialect
    this.#body = body
  }

  /**
   * `start` and `end` are the bytes of the body that broke it. A rule that does not apply to the
   * dialect is ignored.
   */
  add(rule: RuleName, seen: string, start?: number, end?: number): void {
    if (!appliesTo(this.#dialect, rule)) return
    const known = this.#found.get(rule)
    if (known !== undefined) {
      known.count = (known.count ?? 1) + 1
      return
    }
    const place = start === undefined ? {} : this.#place(start, end ?? start + SHOWN)
    this.#found.set(rule, { rule, seen, ...place })
  }

  has(rule: RuleName): boolean {
    return this.#found.has(rule)
  }

  get all(): Finding<RuleName>[] {
    return [...this.#found.values()]
  }

  #place(start: number, end: number): Pick<Finding, 'offset' | 'at' | 'bytes'> {
    const { bytes, timeAt } = this.#body
    const shown = bytes.subarray(start, Math.min(end, start + SHOWN))
    return { offset: start, at: timeAt(start), bytes: shownBytes(shown) }
  }
}

/** Bytes as readable text: line ends and bytes that are not ASCII are escaped. */
export function shownBytes(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) {
    if (byte === 10) text += '\\n'
    else if (byte === 13) text += '\\r'
    else if (byte >= 32 && byte < 127) text += String.fromCharCode(byte)
    else text += `\\x${byte.toString(16).padStart(2, '0')}`
  }
  return text
}
