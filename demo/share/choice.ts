/** Whether and how this browser's GPU is shared: the owner's choice, which lasts longer than the page. */
import { signal } from '@preact/signals'
import { persisted } from '../persisted-signal.ts'

export interface Choice {
  /** Whether it is shared now, and after the page is loaded again. */
  on: boolean
  /** Whether it takes no further requests for now. */
  paused: boolean
  /** The ids of the models that are offered. */
  models: readonly string[]
  /** The most tokens of an answer; 0 for no limit. */
  maxTokens: number
}

/** What has been answered in this browser, in all. */
export interface Totals {
  requests: number
  tokens: number
}

/** All tabs of this browser share these: the last change counts. */
const last = <T>(_own: T, other: T): T => other

const NOTHING: Choice = { on: false, paused: false, models: [], maxTokens: 4_096 }

export const choice = persisted<Choice>('sluice.share', NOTHING, 0, last)

/** The key with which it is offered, which may not ask; empty where the server wants none. */
export const offerKey = persisted('sluice.offer', '', 0, last)

export const totals = persisted<Totals>('sluice.shared', { requests: 0, tokens: 0 }, 2_000, last)

export function choose(change: Partial<Choice>): void {
  choice.value = { ...choice.value, ...change }
}

/** The offer of a link that was opened, which is still to be redeemed. */
export const offer = signal('')
