/** What a rule of `sluice check` is, and what is found to break one. */

/** Where in the answer a rule looks; a score is given for each. */
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

/** An API that a server may speak. */
export type DialectName = 'chat' | 'completions' | 'responses' | 'messages'

/**
 * `error`: clients fail or lose something. `warning`: some do, or something between may. `hint`: no
 * client is known to, and it could be better.
 */
export type Severity = 'error' | 'warning' | 'hint'

export interface Rule {
  section: Section
  severity: Severity
  /** The APIs it holds for; all where it does not say. */
  dialects?: readonly DialectName[]
  /** What has to be, in one line. */
  requirement: string
  /** Who stumbles over its breach. */
  affected: string
  /** How it is repaired, in the servers and proxies where it is usual. */
  repair: string
}

/** A breach of a rule. */
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
  /** How often it was broken, where more than once. */
  count?: number
}
