/** What one error code means, and what to do about it. Texts are Markdown with `code` alone. */
export interface ErrorReference {
  /** The HTTP statuses that it comes with. In a stream that has begun, the error is its last event. */
  status: readonly number[]
  /** What has happened, in one or two sentences. */
  meaning: string
  /** What the usual causes are, the most frequent one first. */
  causes: readonly string[]
  /** What to do about them. */
  remedies: readonly string[]
  retry: Retry
  /** The settings that change when it comes, by their names. */
  settings?: readonly string[]
  /** A page of the documentation about it, with an anchor: `keys.md#limits`. */
  guide?: string
}

/**
 * Whether a client should send the same request again: `now`, it may well succeed at once; `later`, after a
 * while; `never`, it fails again until something is changed.
 */
export type Retry = 'now' | 'later' | 'never'

/** What a client should do, as a sentence. */
export const RETRIES: Readonly<Record<Retry, string>> = {
  now: 'Yes: the same request may well succeed.',
  later: 'Yes, after the seconds in the header `Retry-After`, or after a short while.',
  never: 'No: the same request fails again until something is changed.',
}
