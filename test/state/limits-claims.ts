/** Claims and permits, as short as tests want them. */
import type {
  Claim,
  HeldPermit,
  Levels,
  Limits,
  LimitsOfKey,
  SlotKind,
} from '../../src/state/limits.ts'

/** Opens a store for a test; `other` counts with it. */
export type Opening = () => Promise<{
  limits: Limits
  other: Limits
  pass(milliseconds: number): Promise<void> | void
}>

export const KEY = 'ann'

/** A claim of the key `ann` to one request that holds nothing, unless told otherwise. */
export function claim(limits: LimitsOfKey, more: Partial<Claim> = {}): Claim {
  return { key: KEY, limits, requests: 1, tokens: 0, ...more }
}

let ids = 0

/** A claim with a permit, and what is held once it was admitted. */
export function held(
  limits: LimitsOfKey,
  {
    tokens = 0,
    slot = 'running',
    key = KEY,
  }: { tokens?: number; slot?: SlotKind; key?: string } = {},
): { claim: Claim; permit: HeldPermit } {
  const id = `permit-${++ids}`
  return {
    claim: { key, limits, requests: 1, tokens, permit: { id, slot } },
    permit: { id, key, slot, limits, tokens },
  }
}

/** What of the levels does not change while a test runs. */
export function counted({ requests, tokens, running, background, day, month }: Levels) {
  const uses = [day, month].map((each) => [each.requests, each.tokens, each.answerTokens])
  return {
    requests: requests?.remaining,
    tokens: tokens?.remaining,
    running,
    background,
    day: uses[0],
    month: uses[1],
  }
}
