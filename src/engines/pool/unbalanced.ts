/** A pool without limits: each request gets the first of the engines, in the order of the settings, that is not down. */
import { SettingsError } from '../../settings/error.ts'
import type { Balancing } from './balancing.ts'
import { Slot } from './slot.ts'

const permit = {
  isProbe: false,
  answered() {},
  succeeded() {},
  failed() {},
  ignored() {},
}

const breaker = {
  state: () => 'closed' as const,
  allows: () => true,
  retryIn: () => 0,
  allowProbe() {},
  acquire: () => permit,
}

const owner = { onFree() {} }

export const unbalanced: Balancing = {
  check(engines) {
    const limited = engines.find(({ maxConcurrency }) => maxConcurrency !== undefined)
    if (limited === undefined) return
    throw new SettingsError(
      `engines: expected none with maxConcurrency, as this handler is composed without the part "balancing", got ${limited.label}; add the part, or remove the limit.`,
    )
  },
  breaker: () => breaker,
  limiter: () => ({
    maxQueued: 0,
    waiting: 0,
    places: () => new Map(),
    assignFreeSlots() {},
    acquire(request) {
      const { members } = request
      const member = members.find(({ isDown, isGone }) => !isDown && !isGone) ?? members[0]
      if (member === undefined) throw new TypeError('a request has at least one engine')
      return new Slot(owner, member, performance.now(), request)
    },
  }),
}
