/** The rules of `sluice check`, and the findings about them. */

/** The part of an answer that a rule is about; each has a score. */
export type Section =
  | 'headers'
  | 'framing'
  | 'arrival'
  | 'schema'
  | 'contract'
  | 'tools'
  | 'structured'
  | 'whole'
  | 'errors'
  | 'cancelling'
  | 'cors'

/** An API of a server. */
export type DialectName = 'chat' | 'completions' | 'responses' | 'messages'

/**
 * `error`: clients fail or lose content. `warning`: some clients or proxies fail. `hint`: no client is
 * known to fail.
 */
export type Severity = 'error' | 'warning' | 'hint'

export interface Rule {
  section: Section
  severity: Severity
  /** The APIs that it applies to; all of them if it is left out. */
  dialects?: readonly DialectName[]
  /** What an answer must do, in one sentence. */
  requirement: string
  /** Which clients fail if the rule is broken, and how. */
  affected: string
  /** How to repair it, in common servers and proxies. */
  repair: string
}

/** A violation of a rule. */
export interface Finding<Name extends string = string> {
  rule: Name
  /** What was seen, in a few words. */
  seen: string
  /** Where in the answer's body, in bytes. */
  offset?: number
  /** When, in milliseconds after the request. */
  at?: number
  /** The bytes that broke it, made printable. */
  bytes?: string
  /** How often it was broken, if more than once. */
  count?: number
}
