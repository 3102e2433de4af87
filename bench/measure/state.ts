import type { Handler } from '../../src/handler.ts'
import type { Fetch, Fetched, PacketReader } from '../../src/platform/fetch.ts'
import type { Claim, HeldPermit, Limits } from '../../src/state/limits.ts'
import { quantile } from '../stats.ts'

const LIMITS = { requestsPerMinute: 1e9, tokensPerMinute: 1e12, maxConcurrency: 1_000 }

/** Milliseconds of each call, of so many pairs of an `admit` and its `settle`, one after the other. */
export async function timesOfLimits(limits: Limits, pairs: number) {
  const times = { admit: [] as number[], settle: [] as number[] }
  for (let index = -200; index < pairs; index++) {
    const id = crypto.randomUUID()
    const claim: Claim = {
      ...{ key: 'bench', limits: LIMITS, requests: 1, tokens: 500 },
      permit: { id, slot: 'running' },
    }
    const permit: HeldPermit = { id, key: 'bench', slot: 'running', limits: LIMITS, tokens: 500 }
    const start = performance.now()
    const { refusedBy } = await limits.admit(claim)
    const admitted = performance.now()
    await limits.settle(permit, { tokens: 300, answerTokens: 200 })
    const settled = performance.now()
    if (refusedBy !== undefined)
      throw new Error(`expected to be admitted, was refused: ${refusedBy}`)
    if (index < 0) continue
    times.admit.push(admitted - start)
    times.settle.push(settled - admitted)
  }
  const both = times.admit.map((time, index) => time + (times.settle[index] ?? 0))
  return { admit: shown(times.admit), settle: shown(times.settle), both: shown(both) }
}

function shown(times: readonly number[]) {
  return { p50: quantile(times, 0.5), p99: quantile(times, 0.99) }
}

const encoder = new TextEncoder()

function frame(delta: object, finish_reason: string | null): Uint8Array<ArrayBuffer> {
  const chunk = {
    ...{ id: 'chatcmpl-b', object: 'chat.completion.chunk', created: 1_790_000_000, model: 'm' },
    choices: [{ index: 0, delta, finish_reason }],
  }
  return encoder.encode(`data: ${JSON.stringify(chunk)}\n\n`)
}

const TOKEN = frame({ content: 'word ' }, null)
const LAST = [frame({}, 'stop'), encoder.encode('data: [DONE]\n\n')]

/** An upstream in this process, whose streams all go at the same pace, by one timer. */
export class PacedUpstream {
  readonly #waiting = new Set<() => void>()
  readonly #every: number
  #timer: ReturnType<typeof setInterval> | undefined

  /** `rate`: tokens a second, of each stream. */
  constructor(rate: number) {
    this.#every = 1_000 / rate
  }

  start(): void {
    let due = performance.now()
    this.#timer = setInterval(() => {
      // A late timer is made up for, so that the rate is kept.
      for (; due <= performance.now(); due += this.#every) {
        const now = [...this.#waiting]
        this.#waiting.clear()
        for (const wake of now) wake()
      }
    }, this.#every)
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  /** The number of tokens of an answer is in its request; with `atOnce` nothing is waited for. */
  fetch(atOnce = false): Fetch {
    return async (_url, { body }) => {
      if (body === undefined)
        return fetched(Response.json({ data: [{ id: 'm', object: 'model' }] }))
      const { max_tokens: count = 1 } = JSON.parse(String(body)) as { max_tokens?: number }
      return this.#answer(count, atOnce)
    }
  }

  #answer(count: number, atOnce: boolean): Fetched {
    let sent = 0
    const next = async () => {
      if (!atOnce && sent < count) await new Promise<void>((wake) => this.#waiting.add(wake))
      sent++
      return sent <= count ? TOKEN.slice() : LAST[sent - count - 1]?.slice()
    }
    const reader: PacketReader = {
      async read() {
        const value = await next()
        return value === undefined ? { done: true } : { done: false, value }
      },
      async forEachPacket(take) {
        for (let packet = await next(); packet; packet = await next()) await take(packet)
      },
      async cancel() {},
    }
    const headers = new Headers({ 'content-type': 'text/event-stream' })
    return { status: 200, ok: true, headers, body: { getReader: () => reader, async cancel() {} } }
  }
}

function fetched({ status, ok, headers, body }: Response): Fetched {
  return { status, ok, headers, body } as Fetched
}

/** Reads a stream of so many tokens to its end, as one that can be resumed or as a plain one. */
async function readStream(
  { fetch }: Pick<Handler, 'fetch'>,
  tokens: number,
  isResumable: boolean,
): Promise<void> {
  const request = new Request('http://localhost/v1/chat/completions', {
    method: 'POST',
    headers: {
      ...{ host: 'localhost', 'content-type': 'application/json' },
      ...(isResumable && { 'x-sluice-resume': '1' }),
    },
    body: JSON.stringify({
      ...{ model: 'm', stream: true, max_tokens: tokens },
      messages: [{ role: 'user', content: 'Hello' }],
    }),
  })
  const response = await fetch(request)
  const reader = response.body?.getReader()
  let length = 0
  for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) {
    length += part.value.length
  }
  if (response.status !== 200 || length < tokens * TOKEN.length) {
    throw new Error(`expected ${tokens} tokens, got status ${response.status} and ${length} bytes`)
  }
}

/** Microseconds of this process's CPU for each token of streams that run at the same time. */
export async function cpuOfStreams(
  handler: Pick<Handler, 'fetch'>,
  { streams, tokens, isResumable }: { streams: number; tokens: number; isResumable: boolean },
): Promise<number> {
  const before = process.cpuUsage()
  const all = Array.from({ length: streams }, () => readStream(handler, tokens, isResumable))
  await Promise.all(all)
  const { user, system } = process.cpuUsage(before)
  return (user + system) / (streams * tokens)
}
