import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { BoundedMap } from '../../../src/state/bounded-map.ts'

const LIMITS = { count: 8, bytes: 200, ageMs: 60_000 }

interface Stored {
  owner: string
  key: string
  value: number
  bytes: number
}

const owners = ['ann', 'bob', 'cat', 'dan']

const operation = fc.record({
  what: fc.constantFrom('set', 'set', 'set', 'get', 'delete'),
  owner: fc.constantFrom(...owners),
  key: fc.nat(9).map(String),
  bytes: fc.oneof(fc.nat(9), fc.nat(60), fc.nat(250)),
})

/** A map beside a model of what it must hold. */
class Tracked {
  /** The least recently used first. */
  stored: Stored[] = []
  /** The operation that runs, and what must not be lost to it. */
  #setter: Stored | undefined
  #isDeleted: Stored | undefined
  readonly map = new BoundedMap<number>(LIMITS, (owner, key, value) => {
    const lost = this.stored.find((each) => each.owner === owner && each.key === key)
    expect(lost?.value).toBe(value)
    if (lost === undefined) return
    if (lost !== this.#isDeleted) this.#expectAboveShare(lost)
    this.stored = this.stored.filter((each) => each !== lost)
  })

  find(owner: string, key: string): Stored | undefined {
    return this.stored.find((each) => each.owner === owner && each.key === key)
  }

  set(owner: string, key: string, value: number, bytes: number): boolean {
    this.#isDeleted = this.find(owner, key)
    const added = { owner, key, value, bytes }
    this.#setter = added
    const before = this.stored.filter((each) => each !== this.#isDeleted)
    const isStored = this.map.set(owner, key, value, bytes)
    if (isStored) this.stored.push(added)
    else expect(this.stored).toEqual(before)
    return isStored
  }

  get(owner: string, key: string): void {
    const found = this.find(owner, key)
    expect(this.map.get(owner, key)).toBe(found?.value)
    if (found) this.stored = [...this.stored.filter((each) => each !== found), found]
  }

  delete(owner: string, key: string): void {
    this.#isDeleted = this.find(owner, key)
    expect(this.map.delete(owner, key)).toBe(this.#isDeleted !== undefined)
  }

  /** Evicted is only the oldest entry of an owner that had more than its share, with what is added. */
  #expectAboveShare(lost: Stored): void {
    const all = [...this.stored, ...(this.#setter ? [this.#setter] : [])]
    const own = all.filter(({ owner }) => owner === lost.owner)
    expect(own[0]).toBe(lost)
    const known = new Set(all.map(({ owner }) => owner)).size
    const isMany = all.length > LIMITS.count && own.length > LIMITS.count / known
    const isMuch = sum(all) > LIMITS.bytes && sum(own) > LIMITS.bytes / known
    expect(isMany || isMuch).toBe(true)
  }
}

function sum(stored: readonly Stored[]): number {
  return stored.reduce((total, { bytes }) => total + bytes, 0)
}

describe('a bounded map', () => {
  it('stays within its limits, and takes from an owner only what is above its fair share', () => {
    const property = fc.property(fc.array(operation, { maxLength: 80 }), (operations) => {
      const tracked = new Tracked()
      for (const [value, { what, owner, key, bytes }] of operations.entries()) {
        if (what === 'get') tracked.get(owner, key)
        else if (what === 'delete') tracked.delete(owner, key)
        else {
          const isStored = tracked.set(owner, key, value, bytes)
          const shares = new Set([...tracked.stored.map((each) => each.owner), owner]).size
          if (bytes <= LIMITS.bytes / shares) expect(isStored).toBe(true)
        }
        expect(tracked.map.size).toBe(tracked.stored.length)
        expect(tracked.map.bytes).toBe(sum(tracked.stored))
        expect(tracked.map.size).toBeLessThanOrEqual(LIMITS.count)
        expect(tracked.map.bytes).toBeLessThanOrEqual(LIMITS.bytes)
      }
      for (const { owner, key, value } of tracked.stored) {
        expect(tracked.map.get(owner, key)).toBe(value)
      }
    })
    fc.assert(property, { numRuns: 500 })
  })

  it('keeps the entries of one owner from every other', () => {
    const map = new BoundedMap<number>(LIMITS)
    map.set('ann', 'a', 1, 1)
    expect(map.get('bob', 'a')).toBeUndefined()
    expect(map.delete('bob', 'a')).toBe(false)
    map.set('bob', 'a', 2, 1)
    expect([map.get('ann', 'a'), map.get('bob', 'a')]).toEqual([1, 2])
  })

  it('lets one owner alone use all of it', () => {
    const map = new BoundedMap<number>(LIMITS)
    for (let at = 0; at < 20; at++) expect(map.set('ann', String(at), at, 25)).toBe(true)
    expect(map.size).toBe(8)
    expect(map.get('ann', '12')).toBe(12)
    expect(map.set('ann', 'all', 1, 200)).toBe(true)
    expect(map.set('ann', 'more', 1, 201)).toBe(false)
    expect(map.get('ann', 'all')).toBe(1)
  })

  it('takes the entry that was used the longest ago where there are more owners than entries', () => {
    const map = new BoundedMap<number>(LIMITS)
    for (let at = 0; at < 8; at++) map.set(String(at), 'a', at, 1)
    map.get('0', 'a')
    map.set('new', 'a', 8, 1)
    expect([map.get('0', 'a'), map.get('1', 'a'), map.get('new', 'a')]).toEqual([0, undefined, 8])
  })

  it('forgets what is old, whoever owns it', () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    const map = new BoundedMap<number>({ ...LIMITS, ageMs: 30 })
    map.set('ann', 'a', 1, 1)
    map.set('bob', 'a', 2, 1)
    vi.advanceTimersByTime(40)
    map.set('bob', 'b', 3, 1)
    expect(map.size).toBe(1)
    expect(map.bytes).toBe(1)
    expect(map.get('ann', 'a')).toBeUndefined()
    vi.useRealTimers()
  })

  it('takes the entry that was used the longest ago where all owners have the same bytes', () => {
    const map = new BoundedMap<number>({ ...LIMITS, count: 100 })
    for (let at = 0; at < 8; at++) map.set(String(at), 'a', at, 25)
    map.get('0', 'a')
    expect(map.set('new', 'a', 8, 25)).toBe(true)
    expect([map.get('0', 'a'), map.get('1', 'a'), map.get('new', 'a')]).toEqual([0, undefined, 8])
  })
})
