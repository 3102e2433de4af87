import fc from 'fast-check'
import { createHandler, type Handler } from '../../../src/handler.ts'
import { requireEqual, requireThat, shown } from '../equal.ts'
import { callersOf, Sent } from '../state/client.ts'
import { advance, settle } from '../state/clock.ts'
import { type Plan, type Served, upstreams } from '../state/upstream.ts'
import { target } from '../target.ts'

/** One engine per entry: how many requests it takes at once. */
interface PoolInput {
  engines: number[]
  steps: Step[]
}

type Step =
  | { do: 'ask'; isHostile: boolean; who: number; plan: Plan; stream: boolean; times: number }
  | { do: 'release' | 'leave'; which: number }
  | { do: 'wait'; ms: number }

/** Answers that a request may provoke of an engine that works. */
const provoked = fc.constantFrom<Plan['ending']>(
  'finish',
  'error',
  400,
  404,
  413,
  422,
  429,
  500,
  502,
  503,
)
const plan = fc.record({
  words: fc.nat(3),
  usage: fc.constant('honest' as const),
  ending: provoked,
  isHeld: fc.nat(3).map((each) => each === 3),
})
const ask = fc
  .record({
    isHostile: fc.nat(4).map((each) => each > 0),
    who: fc.nat(1),
    plan,
    stream: fc.boolean(),
    // A breaker opens after several failures in a row.
    times: fc.integer({ min: 1, max: 8 }),
  })
  .map((each) => ({ do: 'ask' as const, ...each }))
const which = fc.nat(40)

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: ask },
  { weight: 2, arbitrary: which.map((each) => ({ do: 'release' as const, which: each })) },
  { weight: 2, arbitrary: which.map((each) => ({ do: 'leave' as const, which: each })) },
  { weight: 1, arbitrary: fc.nat(8_000).map((ms) => ({ do: 'wait' as const, ms })) },
)

const input: fc.Arbitrary<PoolInput> = fc.record({
  engines: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 3 }),
  steps: fc.array(step, { minLength: 1, maxLength: 16 }),
})

export const pool = target({
  name: 'pool',
  about:
    'several engines and callers, one of whom provokes failures (createHandler): no engine is closed to the others, no slot is lost, nobody waits for ever',
  short: 60,
  batch: 50,
  input,
  check: checkPool,
})

const DAY = 86_400_000
const GOOD: Plan = { words: 1, usage: 'honest', ending: 'finish', isHeld: false }

async function checkPool({ engines, steps }: PoolInput): Promise<void> {
  const run = new Run(engines)
  for (const step of steps) await run.step(step)
  await run.end()
}

class Run {
  readonly #engines: number[]
  readonly #served: Served[] = []
  readonly #sent: Sent[] = []
  readonly #handler: Handler

  constructor(engines: number[]) {
    this.#engines = engines
    this.#handler = createHandler({
      upstream: engines.map((maxConcurrency, index) => {
        return { label: `gpu-${index}`, url: `http://gpu-${index}.test/v1`, maxConcurrency }
      }),
      ...{ queue: 1_000, headerWait: 0, attemptTimeout: DAY },
      ...{ answerTimeout: DAY, firstTokenTimeout: DAY, tokenTimeout: DAY, clientTimeout: DAY },
      authenticate: callersOf({ hostile: {}, good: {}, 'good-1': {} }),
      fetch: upstreams(['m'], this.#served),
    })
  }

  async step(step: Step): Promise<void> {
    if (step.do === 'ask') {
      for (let time = 0; time < step.times; time++) await this.#ask(step)
      return
    }
    if (step.do === 'wait') advance(step.ms)
    else if (step.do === 'leave') this.#sent[step.which % (this.#sent.length || 1)]?.leave()
    else this.#served[step.which % (this.#served.length || 1)]?.release()
    await settle()
    this.#checkSlots()
  }

  async #ask({ isHostile, who, plan, stream }: Extract<Step, { do: 'ask' }>): Promise<void> {
    const caller = isHostile ? 'hostile' : who === 0 ? 'good' : 'good-1'
    const own = isHostile ? plan : { ...GOOD, isHeld: plan.isHeld }
    this.#sent.push(new Sent(this.#handler, { caller, plan: own, stream, prompt: 1 }))
    await settle()
    this.#checkSlots()
    this.#checkGood()
  }

  /** No engine has more requests than it takes. */
  #checkSlots(): void {
    for (const [index, most] of this.#engines.entries()) {
      const running = this.#served.filter(({ by, isOver }) => by === `gpu-${index}.test` && !isOver)
      requireThat(
        running.length <= most,
        `${running.length} requests at gpu-${index}, which takes ${most}`,
      )
    }
  }

  /** The others are answered, or wait for a slot; never are they refused. */
  #checkGood(): void {
    for (const { asking, status, text, hasLeft } of this.#sent) {
      if (asking.caller === 'hostile' || hasLeft || status === undefined) continue
      requireEqual(status, 200, `the status for another caller: ${text}`)
    }
  }

  async end(): Promise<void> {
    await this.#drain()
    this.#checkGood()
    const held = { ...GOOD, isHeld: true }
    const most = this.#engines.reduce((sum, each) => sum + each, 0)
    const before = this.#served.length
    for (let each = 0; each <= most; each++) {
      this.#sent.push(
        new Sent(this.#handler, { caller: 'good', plan: held, stream: true, prompt: 1 }),
      )
    }
    await settle(2)
    requireEqual(
      this.#served.length - before,
      most,
      'the requests that the engines take at once, at the end',
    )
    await this.#drain()
    this.#checkGood()
  }

  /** Everything is let go until nothing waits. */
  async #drain(): Promise<void> {
    for (let turn = 0; turn < 200; turn++) {
      for (const each of this.#served) each.release()
      await settle(1)
      if (this.#sent.every(({ isOver, hasLeft }) => isOver || hasLeft)) return
      // Retries wait for some seconds.
      if (turn > 3) advance(5_000)
      await settle()
    }
    const waiting = this.#sent.filter(({ isOver, hasLeft }) => !isOver && !hasLeft)
    requireThat(false, `${waiting.length} requests wait for ever: ${shown(waiting[0]?.asking)}`)
  }
}
