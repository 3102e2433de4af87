// Many tabs that join, leave and die at random under load, by a seed.

import { createHash } from 'node:crypto'
import { serveEngine } from '../../src/engines/remote/serve-engine.ts'
import { Link } from '../../src/tabs/link.ts'
import type { Server } from '../support/server.ts'
import { type Paced, pacedEngine } from '../support/tab-engine.ts'

const OWNERS = ['ann', 'bob'] as const
type Owner = (typeof OWNERS)[number]

function entryOf(name: string, more: object): object {
  return { name, hash: `sha256:${createHash('sha256').update(name).digest('hex')}`, ...more }
}

/** The keys are their own names. */
export const KEYS = JSON.stringify([
  entryOf('root', { admin: true }),
  ...OWNERS.map((name) => entryOf(name, {})),
  ...Array.from({ length: 50 }, (_, n) => entryOf(`tab${n}`, { offers: true, owner: ownerOf(n) })),
])

function ownerOf(n: number): Owner {
  return OWNERS[n % 2] as Owner
}

/** Mulberry32. */
function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let value = Math.imul(state ^ (state >>> 15), 1 | state)
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32
  }
}

export interface ChurnResult {
  counts: Record<string, number>
  /** What must not happen. */
  wrong: string[]
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

export class Churn {
  readonly #url: string
  readonly #random: () => number
  /** Milliseconds within which a tab that died is no longer listed. */
  readonly #goneWithin: number
  readonly #engines: Paced[] = []
  readonly counts: Record<string, number> = {}
  readonly wrong: string[] = []
  #isOver = false

  constructor({ url, host }: Server, seed: number) {
    this.#url = url
    // workerd sees that a connection has ended when it writes: to an idle tab every 5 s.
    this.#goneWithin = host === 'workerd' ? 17_000 : 12_000
    this.#random = randomOf(seed)
  }

  async run(seconds: number, tabs = 50, clients = 24): Promise<ChurnResult> {
    const running = [
      ...Array.from({ length: tabs }, (_, n) => this.#tabs(n)),
      ...Array.from({ length: clients }, () => this.#client()),
    ]
    await pause(seconds * 1_000)
    this.#isOver = true
    await Promise.all(running)
    await this.#settled()
    return { counts: this.counts, wrong: this.wrong }
  }

  #count(what: string): void {
    this.counts[what] = (this.counts[what] ?? 0) + 1
  }

  /** One after the other, in one browser. */
  async #tabs(n: number): Promise<void> {
    await pause(this.#random() * 1_000)
    while (!this.#isOver) await this.#tab(n)
  }

  async #tab(n: number): Promise<void> {
    const owner = ownerOf(n)
    const engine = pacedEngine({ tokens: 30, every: 4, prefill: this.#random() * 30 })
    this.#engines.push(engine)
    const net = new Net()
    const models = [owner, `own-${n}`].map((id) => ({ id: `m-${id}`, state: 'loaded' as const }))
    let isJoined = false
    const link = new Link({
      ...{ url: this.#url, key: `tab${n}`, fetch: net.fetch },
      state: { models, visible: this.#random() < 0.7, paused: false },
      serve: (port) => serveEngine(port, engine),
      onStatus: ({ kind }) => {
        isJoined = kind === 'joined'
      },
      onRequest: (request) => {
        if (request.for !== owner) this.wrong.push(`a tab of ${owner} was asked by ${request.for}`)
      },
    })
    await this.#within('joined', 5_000, async () => isJoined)
    await this.#within(`a model listed (${n})`, 2_000, () => this.#isListed(owner, `m-own-${n}`))
    await pause(500 + this.#random() * 4_000)
    const how = this.#random()
    if (how < 0.35) {
      this.#count('blips')
      net.cut()
      await pause(this.#random() * 2_500)
      net.mend()
      await pause(1_000)
    }
    if (how < 0.7) {
      this.#count('leaves')
      link.leave()
      await this.#within(
        `a model gone (${n})`,
        2_000,
        async () => !(await this.#isListed(owner, `m-own-${n}`)),
      )
    } else {
      this.#count('deaths')
      net.cut()
      link.leave()
      await this.#within(
        `a dead one gone (${n})`,
        this.#goneWithin,
        async () => !(await this.#isListed(owner, `m-own-${n}`)),
      )
    }
  }

  async #client(): Promise<void> {
    while (!this.#isOver) {
      const owner = OWNERS[Math.floor(this.#random() * 2)] as Owner
      const stream = this.#random() < 0.7
      if (this.#random() < 0.05) await this.#foreign(owner)
      const leavesAfter = this.#random() < 0.2 ? this.#random() * 100 : undefined
      await this.#request(owner, stream, leavesAfter)
    }
  }

  /** A tab of the other owner must not be asked, and is not seen. */
  async #foreign(owner: Owner): Promise<void> {
    const other = owner === 'ann' ? 'bob' : 'ann'
    const { status } = await this.#ask(owner, { model: `m-${other}` }).catch(() => ({ status: 0 }))
    if (status !== 404) this.wrong.push(`${owner} got ${status} of a model of ${other}`)
  }

  async #request(owner: Owner, stream: boolean, leavesAfter: number | undefined): Promise<void> {
    const control = new AbortController()
    const timer =
      leavesAfter === undefined ? undefined : setTimeout(() => control.abort(), leavesAfter)
    const late = setTimeout(() => {
      this.wrong.push('a request did not end in 60 s')
      control.abort()
    }, 60_000)
    try {
      const response = await this.#ask(owner, { model: `m-${owner}`, stream }, control.signal)
      const text = await response.text()
      this.#judge(response.status, stream, text)
    } catch {
      this.#count(leavesAfter === undefined ? 'broken' : 'left')
      if (leavesAfter === undefined) this.wrong.push('a response broke off')
    } finally {
      clearTimeout(timer)
      clearTimeout(late)
    }
  }

  /** Each request ends in exactly one way. */
  #judge(status: number, stream: boolean, text: string): void {
    const isDone = text.includes('data: [DONE]')
    const isLost = text.includes('"code":"engine_lost"')
    const said = stream
      ? [...text.matchAll(/"content":"([^"]*)"/g)].map(([, each]) => each).join('')
      : (/"content":"([^"]*)"/.exec(text)?.[1] ?? '')
    const words = said.split(' ').filter(Boolean)
    const inOrder = words.every((word, n) => word === String(n))
    if (!inOrder) this.wrong.push(`words out of order: ${said}`)
    if (status !== 200) {
      this.#count(`refused ${status} ${/"code":"(\w+)"/.exec(text)?.[1]}`)
      if (status !== 503 && status !== 404)
        this.wrong.push(`status ${status}: ${text.slice(0, 200)}`)
    } else if (!stream) {
      this.#count('whole')
      if (words.length !== 30) this.wrong.push(`a whole answer of ${words.length} words`)
    } else if (isDone && !isLost) {
      this.#count('streamed')
      if (words.length !== 30) this.wrong.push(`a stream of ${words.length} words`)
    } else if (isLost && !isDone) this.#count('lost')
    else this.wrong.push(`done ${isDone}, lost ${isLost}: ${text.slice(-300)}`)
  }

  #ask(key: string, body: object, signal?: AbortSignal): Promise<Response> {
    return fetch(`${this.#url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
      body: JSON.stringify({ messages: [{ role: 'user', content: 'Hi' }], ...body }),
      ...(signal && { signal }),
    })
  }

  // biome-ignore lint/suspicious/noExplicitAny: what an answer has is what this looks for.
  async #get(path: string, key: string): Promise<any> {
    const headers = { authorization: `Bearer ${key}` }
    return (await fetch(`${this.#url}${path}`, { headers })).json()
  }

  async #isListed(key: string, model: string): Promise<boolean> {
    const { data } = await this.#get('/v1/models', key)
    return data.some(({ id }: { id: string }) => id === model)
  }

  async #within(what: string, ms: number, isSo: () => Promise<boolean>): Promise<void> {
    const until = performance.now() + ms
    while (!(await isSo())) {
      if (performance.now() > until) {
        this.wrong.push(`not ${what} within ${ms} ms`)
        return
      }
      await pause(100)
    }
  }

  async #settled(): Promise<void> {
    await this.#within('without tabs', this.#goneWithin, async () => {
      return (await this.#get('/v1/tabs', 'root')).data.length === 0
    })
    await this.#within('idle', 5_000, async () =>
      this.#engines.every(({ running }) => running === 0),
    )
    for (const { most } of this.#engines) if (most > 1) this.wrong.push(`${most} jobs at once`)
    const { waiting } = await this.#get('/health', 'root')
    if (waiting !== 0) this.wrong.push(`${waiting} requests wait for ever`)
  }
}

/** The network of one tab. */
class Net {
  readonly #open = new Set<AbortController>()
  #isDown = false

  readonly fetch = (async (input: string, init: RequestInit = {}) => {
    if (this.#isDown) throw new TypeError('the network is down')
    const control = new AbortController()
    this.#open.add(control)
    const signal = AbortSignal.any([control.signal, ...(init.signal ? [init.signal] : [])])
    const response = await fetch(input, { ...init, signal })
    if (init.method === 'POST' && !input.endsWith('/v1/tabs')) {
      const text = await response.text()
      this.#open.delete(control)
      if (this.#isDown) throw new TypeError('the network is down')
      return new Response(text, response)
    }
    return response
  }) as typeof fetch

  cut(): void {
    this.#isDown = true
    for (const control of this.#open) control.abort(new TypeError('the connection was cut'))
    this.#open.clear()
  }

  mend(): void {
    this.#isDown = false
  }
}
