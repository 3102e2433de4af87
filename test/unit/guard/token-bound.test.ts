import fc from 'fast-check'
import { expect, it } from 'vitest'
import { admissionsOf } from '../../../src/guard/admissions.ts'
import { Caller } from '../../../src/guard/caller.ts'
import type { Permit } from '../../../src/guard/permit.ts'
import { readKey } from '../../../src/settings/keys.ts'
import type { Limits } from '../../../src/state/limits.ts'
import { levelsIn, limitsAt } from '../../support/limits.ts'

const LIMIT = 1_000
const LONGEST = 400

interface Running {
  permit: Permit
  prompt: number
  /** What comes in the end, and what has come. */
  length: number
  came: number
}

/** One key, and the requests that its client sends, leaves and lets end. */
class Client {
  readonly running: Running[] = []
  /** The tokens of all prompts and answers that an engine worked on. */
  obtained = 0
  mostAtOnce = 0
  readonly #caller: () => Caller

  constructor(name: string, store: Limits) {
    const hash = `sha256:${'a'.repeat(64)}`
    const key = readKey({ name, hash, tokensPerMinute: LIMIT }, 'key')
    this.#caller = () => new Caller(key, admissionsOf(store), (act) => void act())
  }

  async begin(prompt: number, most: number, length: number): Promise<boolean> {
    const expected = { promptTokens: () => prompt, answers: 1, answerMost: () => most }
    const permit = await this.#caller()
      .permit(expected)
      .catch(() => undefined)
    if (permit === undefined) return false
    this.running.push({ permit, prompt, length: Math.min(length, most), came: 0 })
    this.obtained += prompt
    this.mostAtOnce = Math.max(this.mostAtOnce, this.running.length)
    return true
  }

  /** Some of an answer comes, and the exchange's tick charges it. */
  advance(at: number, tokens: number): void {
    const request = this.running[at % Math.max(1, this.running.length)]
    if (request === undefined) return
    const more = Math.min(tokens, request.length - request.came)
    request.came += more
    this.obtained += more
    request.permit.meter?.advance(useOf(request, false))
  }

  /** It ends, or the client leaves: what came is all there is. */
  end(at: number, isWhole: boolean): void {
    const [request] = this.running.splice(at % Math.max(1, this.running.length), 1)
    if (request === undefined) return
    if (isWhole) this.obtained += request.length - request.came
    if (isWhole) request.came = request.length
    request.permit.end(useOf(request, isWhole))
  }
}

function useOf({ prompt, came }: Running, isWhole: boolean) {
  return { total: prompt + came, answer: came, isWhole }
}

const at = fc.nat(99)
const step = fc.oneof(
  fc.record({
    kind: fc.constant('begin' as const),
    prompt: fc.integer({ min: 1, max: 300 }),
    most: fc.oneof(fc.integer({ min: 1, max: LONGEST }), fc.constant(Number.POSITIVE_INFINITY)),
    length: fc.nat(LONGEST),
  }),
  fc.record({ kind: fc.constant('advance' as const), at, tokens: fc.nat(LONGEST) }),
  fc.record({ kind: fc.constant('end' as const), at, isWhole: fc.boolean() }),
  fc.record({ kind: fc.constant('wait' as const), ms: fc.nat(30_000) }),
)

it('nobody obtains more than a bucket, what trickles in, and an answer for each that runs at once', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 80 }), async (steps) => {
      const clock = { now: 0 }
      const store = limitsAt(() => clock.now)
      const client = new Client('a', store)
      for (const next of steps) {
        if (next.kind === 'begin') await client.begin(next.prompt, next.most, next.length)
        else if (next.kind === 'advance') client.advance(next.at, next.tokens)
        else if (next.kind === 'end') client.end(next.at, next.isWhole)
        else clock.now += next.ms
        const trickled = (clock.now * LIMIT) / 60_000
        const bound = LIMIT + trickled + client.mostAtOnce * LONGEST
        expect(client.obtained).toBeLessThanOrEqual(bound + 1e-6)
      }
      // Whoever is in debt gets nothing until it is paid.
      while (client.running.length > 0) client.end(0, true)
      const before = client.obtained
      const debt = before - LIMIT - (clock.now * LIMIT) / 60_000
      if (debt > 0) expect(await client.begin(1, 1, 1)).toBe(false)
    }),
    { numRuns: 300 },
  )
})

it('at most 64 answers that may be long begin at once, however short the ones before were', async () => {
  const store = limitsAt(() => 0)
  const client = new Client('a', store)
  for (let request = 0; request < 5; request++) {
    await client.begin(0, Number.POSITIVE_INFINITY, 1)
    client.end(0, true)
  }
  let begun = 0
  while (begun < 1_000 && (await client.begin(0, 32_000, LONGEST))) begun++
  expect(begun).toBeGreaterThan(32)
  expect(begun).toBeLessThanOrEqual(67)
})

it('no other key is affected by what one does', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const store = limitsAt(() => 0)
      const client = new Client('a', store)
      for (const next of steps) {
        if (next.kind === 'begin') await client.begin(next.prompt, next.most, next.length)
        else if (next.kind === 'advance') client.advance(next.at, next.tokens)
        else if (next.kind === 'end') client.end(next.at, next.isWhole)
      }
      expect(levelsIn(store, 'b', { tokensPerMinute: LIMIT }).tokens?.remaining).toBe(LIMIT)
      const other = new Client('b', store)
      expect(await other.begin(LIMIT * 0.75, LONGEST, 0)).toBe(true)
    }),
    { numRuns: 50 },
  )
})
