import { ReloadableHandler } from '../../../src/hosts/server/reloadable-handler.ts'
import { parseSettings } from '../../../src/settings/settings.ts'
import { requireThat, shown } from '../equal.ts'
import { callersOf, Sent } from '../state/client.ts'
import { advance, settle } from '../state/clock.ts'
import { type Served, upstreams } from '../state/upstream.ts'
import { target } from '../target.ts'
import { type LimitsInput, limitsInput, type Step } from './generate.ts'
import { BucketModel } from './model.ts'

export const limits = target({
  name: 'limits',
  about:
    'sequences of requests, disconnects, failures, lies about usage, reloads and pauses (createHandler): no key gets more than its limits, and all of it is given back',
  short: 100,
  batch: 50,
  input: limitsInput,
  check: checkLimits,
})

const DAY = 86_400_000
const SETTINGS = parseSettings({
  upstream: ['http://gpu.test/v1'],
  ...{ discover: false, retry: false, queue: 1_000, headerWait: 0 },
  ...{ answerTimeout: DAY, firstTokenTimeout: DAY, tokenTimeout: DAY, clientTimeout: DAY },
})

async function checkLimits(input: LimitsInput): Promise<void> {
  const run = new Run(input)
  for (const step of input.steps) await run.step(step)
  await run.end()
}

/** A handler under a sequence of steps, and what each key can have got at most. */
class Run {
  readonly #keys: LimitsInput['keys']
  readonly #served: Served[] = []
  readonly #sent: Sent[] = []
  readonly #counted = new Set<Sent>()
  readonly #requests: (BucketModel | undefined)[]
  readonly #tokens: (BucketModel | undefined)[]
  readonly #handler: ReloadableHandler

  constructor({ keys }: LimitsInput) {
    this.#keys = keys
    const bucket = (perMinute: number | undefined) =>
      perMinute === undefined ? undefined : new BucketModel(perMinute)
    this.#requests = keys.map(({ requestsPerMinute }) => bucket(requestsPerMinute))
    this.#tokens = keys.map(({ tokensPerMinute }) => bucket(tokensPerMinute))
    const named = Object.fromEntries(keys.map((key, index) => [`key-${index}`, key]))
    this.#handler = new ReloadableHandler(SETTINGS, {
      authenticate: callersOf(named),
      fetch: upstreams(['m'], this.#served),
    })
  }

  async step(step: Step): Promise<void> {
    if (step.do === 'ask') return this.#ask(step)
    if (step.do === 'wait') advance(step.ms)
    else if (step.do === 'reload') this.#handler.replace(parseSettings(SETTINGS))
    else if (step.do === 'leave') this.#sent[step.which % (this.#sent.length || 1)]?.leave()
    else this.#served[step.which % (this.#served.length || 1)]?.release()
    await settle()
    this.#countEnded()
  }

  async #ask(step: Extract<Step, { do: 'ask' }>): Promise<void> {
    const key = step.key % this.#keys.length
    const { path, stream, prompt, maxTokens, plan } = step
    const before = { requests: this.#requests[key]?.level(), tokens: this.#tokens[key]?.level() }
    const asking = {
      caller: `key-${key}`,
      path,
      stream,
      prompt,
      plan,
      maxTokens: maxTokens ?? undefined,
    }
    const sent = new Sent(this.#handler, asking)
    const reached = this.#served.length
    this.#sent.push(sent)
    await settle()
    const isAdmitted = this.#served.length > reached
    const isRefused = sent.status === 429 && !isAdmitted
    if (isRefused) this.#checkRefusal(sent, before.requests)
    else this.#requests[key]?.charge(1)
    if (isAdmitted) {
      for (const [what, level] of Object.entries(before)) {
        requireThat(
          level === undefined || level > -1e-6,
          `a request more than ${what} per minute allow: ${level}`,
        )
      }
      requireThat(
        (before.requests ?? 1) >= 1 - 1e-6,
        `more requests per minute than allowed: ${before.requests}`,
      )
    }
    this.#checkConcurrency(key)
    this.#checkHeaders(sent)
    this.#countEnded()
  }

  /** A refusal is only true if the limit that it names is used up. */
  #checkRefusal({ text, headers }: Sent, requests: number | undefined): void {
    const after = Number(headers?.get('retry-after'))
    requireThat(after > 0 && after <= 86_400, `a 429 with retry-after ${after}: ${text}`)
    if (!text.includes('requests per minute')) return
    requireThat((requests ?? 0) < 2, () => `refused, though ${requests} requests were left`)
  }

  #checkConcurrency(key: number): void {
    const most = this.#keys[key]?.maxConcurrency ?? Number.POSITIVE_INFINITY
    const open = this.#sent.filter((each) => !each.isOver && !each.hasLeft && each.status !== 429)
    const running = open.filter(({ asking }) => asking.caller === `key-${key}`).length
    requireThat(running <= most, `${running} requests at once, with a limit of ${most}`)
  }

  #checkHeaders({ headers }: Sent): void {
    for (const [name, value] of headers ?? []) {
      if (!name.startsWith('x-ratelimit-') || name.includes('-reset-')) continue
      requireThat(/^\d+$/.test(value), `${name}: ${value}`)
    }
  }

  /** Tokens count from when they came, once their request is over. */
  #countEnded(): void {
    for (const sent of this.#sent) {
      if ((!sent.isOver && !sent.hasLeft) || this.#counted.has(sent)) continue
      this.#counted.add(sent)
      const bucket = this.#tokens[Number(sent.asking.caller.slice('key-'.length))]
      for (const at of sent.tokensAt) bucket?.charge(1, at)
    }
  }

  /** After everything has ended and a day has passed, each key can use all of its limits again. */
  async end(): Promise<void> {
    await this.#drain()
    for (const sent of this.#sent) {
      requireThat(sent.isOver || sent.hasLeft, () => `a request never ended: ${shown(sent.asking)}`)
      await sent.done
    }
    advance(DAY)
    const now: Sent[] = []
    for (const [index, { maxConcurrency = 2, requestsPerMinute = 99 }] of this.#keys.entries()) {
      for (let at = 0; at < Math.min(maxConcurrency, requestsPerMinute); at++) {
        const plan = { words: 1, usage: 'honest', ending: 'finish', isHeld: true } as const
        const asking = { caller: `key-${index}`, plan, stream: true, prompt: 1, maxTokens: 1 }
        now.push(new Sent(this.#handler, asking))
        await settle()
      }
    }
    const wrong = now.filter(({ status }) => status !== 200)
    const [first] = wrong
    for (const each of this.#served) each.release()
    await settle()
    requireThat(
      first === undefined || this.#isSmall(first),
      () =>
        `a day later, a key has not got all of its limits again: ${first?.status} ${first?.text}`,
    )
  }

  /** Lets everything go, until nothing runs. */
  async #drain(): Promise<void> {
    for (let turn = 0; turn < 100; turn++) {
      for (const each of this.#served) each.release()
      await settle(turn < 3 ? 0 : 10)
      if (this.#sent.every(({ isOver, hasLeft }) => isOver || hasLeft)) return
    }
  }

  /** Reservations of several requests at once may exceed a small bucket. */
  #isSmall({ asking, text }: Sent): boolean {
    const { tokensPerMinute = 99 } = this.#keys[Number(asking.caller.slice('key-'.length))] ?? {}
    return text.includes('tokens per minute') && tokensPerMinute < 20
  }
}
