/** Limits in a store of the program's own, which may never answer, or answer anything. */
import { inBackground } from '../util/background.ts'
import { isObject } from '../util/object.ts'
import { ApiError } from '../wire/errors/api-error.ts'
import type { Admission, Claim, Limits } from './limits.ts'
import { stateUnavailable } from './unavailable.ts'

/** Milliseconds that a call may take: a store behind HTTP may have to be started first. */
const DEADLINE = 5_000

/**
 * The same limits, in which no call takes longer than `deadline` milliseconds. A call that does, or that
 * fails, rejects with an `ApiError` (503).
 */
export function boundedLimits(store: Limits, deadline = DEADLINE): Limits {
  const call = <T>(
    name: string,
    ask: () => T | Promise<T>,
    onLate?: (answer: T) => unknown,
  ): T | Promise<T> => {
    try {
      const asked = ask()
      return isPromise(asked) ? bounded(name, asked, deadline, onLate) : asked
    } catch (error) {
      throw failed(error)
    }
  }
  return {
    ...(store.isLocal && { isLocal: true }),
    admit: (claim) =>
      call(
        'admit',
        () => checked(store.admit(claim), ({ levels }) => isObject(levels)),
        (admission) => giveBack(store, claim, admission),
      ),
    renew: (permits) => call('renew', () => store.renew(permits)),
    advance: (permit, used) => call('advance', () => store.advance(permit, used)),
    settle: (permit, used) => call('settle', () => store.settle(permit, used)),
    levels: (key, limits) => call('levels', () => checked(store.levels(key, limits), () => true)),
  }
}

/** What was admitted too late is held for nobody. */
function giveBack(store: Limits, claim: Claim, { refusedBy }: Admission): unknown {
  const { key, limits, tokens, permit } = claim
  if (permit === undefined || refusedBy !== undefined) return undefined
  return store.settle({ ...permit, key, limits, tokens }, undefined)
}

function isPromise<T>(value: T | Promise<T>): value is Promise<T> {
  return isObject(value) && typeof value.then === 'function'
}

/** Rejects, or throws, where a store answers with something else than an object of the right form. */
function checked<T>(answer: T | Promise<T>, isRight: (answer: T) => boolean): T | Promise<T> {
  const check = (value: T) => {
    if (isObject(value) && isRight(value)) return value
    throw new TypeError('state.limits: expected an object with levels, got something else')
  }
  return isPromise(answer) ? answer.then(check) : check(answer)
}

/** `onLate`: called with an answer that comes after the deadline. */
async function bounded<T>(
  name: string,
  asked: Promise<T>,
  deadline: number,
  onLate?: (answer: T) => unknown,
): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      const message = `state.limits: expected ${name}() to settle within ${deadline} ms, but it did not; check the store, or give it a deadline of its own.`
      reject(new Error(message))
      if (onLate) void inBackground(async () => onLate(await asked))
    }, deadline)
  })
  try {
    return await Promise.race([asked, late])
  } catch (error) {
    throw failed(error)
  } finally {
    clearTimeout(timer)
  }
}

function failed(error: unknown): ApiError {
  return error instanceof ApiError ? error : stateUnavailable(error)
}
