/** Limits that all instances count together, in Redis: one script for each decision. */
import { type Account, levelsOf, refusalOf, requireAmount } from '../account.ts'
import type { Bucket } from '../bucket.ts'
import {
  type Admission,
  type Claim,
  type HeldPermit,
  type Levels,
  type Limits,
  type LimitsOfKey,
  PERMIT_LEASE,
  type UseSoFar,
} from '../limits.ts'
import type { Period } from '../periods.ts'
import { LIMIT_ORDER, limitScripts } from './limits-scripts.ts'
import { hashedName, redisName } from './names.ts'
import type { RedisPort, RedisReply } from './port.ts'

/** Permits of which the renewals travel together. */
const RENEWED_AT_ONCE = 256

const DAY = 86_400_000

export interface RedisLimits extends Limits {
  /** Extends the leases of permits that the store has; returns those that it has not. */
  extend(permits: readonly HeldPermit[]): Promise<HeldPermit[]>
}

export function redisLimits(port: RedisPort): RedisLimits {
  async function admit(claim: Claim): Promise<Admission> {
    const { key, limits, requests, tokens, answerTokens = 0, permit } = claim
    requireAmount('tokens', tokens)
    requireAmount('answerTokens', answerTokens)
    const { id = '', slot = 'running' } = permit ?? {}
    const args = [...argsOf(limits), requests, tokens, answerTokens, id, slot, PERMIT_LEASE]
    const state = readState(await port.eval(limitScripts.admit, await keysOf(key), args), limits)
    const { account, now, isAdmitted } = state
    const levels = levelsOf(account, limits, now)
    if (isAdmitted) return { availableInMs: 0, levels }
    const { by, wait } = refusalOf(claim, account, now) ?? { by: 'requests' as const, wait: 1 }
    return { refusedBy: by, availableInMs: wait, levels }
  }

  /** Returns those that were not there; `restores`: whether they are now. */
  async function renewAll(permits: readonly HeldPermit[], restores: boolean) {
    const lost: HeldPermit[] = []
    for (let at = 0; at < permits.length; at += RENEWED_AT_ONCE) {
      const renewals = permits.slice(at, at + RENEWED_AT_ONCE).map(async (permit) => {
        if (!(await renewOne(permit, restores))) lost.push(permit)
      })
      await Promise.all(renewals)
    }
    return lost
  }

  async function renewOne({ id, key, slot, limits, tokens }: HeldPermit, restores: boolean) {
    const args = [...argsOf(limits), id, PERMIT_LEASE, slot, tokens, restores ? 1 : 0]
    return Number(await port.eval(limitScripts.renew, await keysOf(key), args)) === 1
  }

  return {
    admit,
    async renew(permits) {
      await renewAll(permits, true)
    },
    extend: (permits) => renewAll(permits, false),
    async advance({ id, key, limits }, used) {
      requireUse(used)
      const args = [...argsOf(limits), id, PERMIT_LEASE, used.tokens, used.answerTokens]
      await port.eval(limitScripts.advance, await keysOf(key), args)
    },
    async settle({ id, key, limits }, used) {
      const { tokens, answerTokens } = requireUse(used ?? { tokens: 0, answerTokens: 0 })
      const args = [...argsOf(limits), id, tokens, answerTokens]
      await port.eval(limitScripts.settle, await keysOf(key), args)
    },
    async levels(key, limits): Promise<Levels> {
      return (await admit({ key, limits, requests: 0, tokens: 0 })).levels
    },
  }
}

function requireUse(used: UseSoFar): UseSoFar {
  requireAmount('tokens', used.tokens)
  requireAmount('answerTokens', used.answerTokens)
  return used
}

async function keysOf(key: string): Promise<[string, ...string[]]> {
  const tag = await hashedName(key)
  return [
    redisName('l', tag),
    redisName('l', tag, 'running'),
    redisName('l', tag, 'background'),
    redisName('l', tag, 'held'),
  ]
}

function argsOf(limits: LimitsOfKey): (string | number)[] {
  return LIMIT_ORDER.map((name) => {
    const limit = limits[name]
    if (limit === undefined) return ''
    requireAmount(name, limit, Number.MIN_VALUE)
    return limit
  })
}

/** What `admit` replies: the state of a key's account, as it is after the decision. */
function readState(reply: RedisReply, { requestsPerMinute, tokensPerMinute }: LimitsOfKey) {
  const [isAdmitted, now = 0, rq = 0, tk = 0, running = 0, background = 0, ...counts] =
    numbersIn(reply)
  const [dp = 0, dr = 0, dt = 0, da = 0, mp = 0, mr = 0, mt = 0, ma = 0] = counts
  const account: Account = {
    requests: bucketOf(rq, requestsPerMinute, now),
    tokens: bucketOf(tk, tokensPerMinute, now),
    day: { period: dayAt(dp), requests: dr, tokens: dt, answerTokens: da },
    month: { period: monthAt(mp), requests: mr, tokens: mt, answerTokens: ma },
    held: new Map(),
    running,
    background,
    hasQuota: true,
    usedAt: now,
  }
  return { account, now, isAdmitted: isAdmitted === 1 }
}

function numbersIn(reply: RedisReply): number[] {
  const numbers = Array.isArray(reply) ? reply.map(Number) : []
  if (numbers.length === 14 && numbers.every(Number.isFinite)) return numbers
  throw new Error('state: expected 14 numbers from the script "admit", got another reply.')
}

function bucketOf(amount: number, size: number | undefined, at: number): Bucket | undefined {
  return size === undefined ? undefined : { amount, at, size }
}

/** `index` is days since 1970. */
function dayAt(index: number): Period {
  const beginsAt = index * DAY
  const name = new Date(beginsAt).toISOString().slice(0, 10)
  return { name, beginsAt, endsAt: beginsAt + DAY }
}

/** `index` is twelve times the year, and the month from 0 on. */
function monthAt(index: number): Period {
  const year = Math.floor(index / 12)
  const beginsAt = Date.UTC(year, index % 12)
  const name = new Date(beginsAt).toISOString().slice(0, 7)
  return { name, beginsAt, endsAt: Date.UTC(year, (index % 12) + 1) }
}
