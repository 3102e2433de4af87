/** Agents whose conversations grow, through sluice to two scripted servers with prompt caches. */
import { createHandler } from '../src/index.ts'
import { PrefixCacheServer, sleep } from './prefix-cache.ts'

export interface Scenario {
  agents: number
  /** Of each of the two servers. */
  slots: number
  /** How many more prompts each server keeps in memory. */
  kept?: number
  /** How many requests sluice sends to one server at a time; undefined for any number. */
  maxConcurrency?: number
  affinity: 'auto' | 'session' | 'off'
  /** Seconds that a conversation may wait for its server. */
  affinityWait?: number
  turns: number
  /** Whether the first server is gone for the middle third of the turns, and comes back without a cache. */
  failsOver?: boolean
  seed: number
  scale: number
}

export interface Result {
  /** The part of all prompt tokens that the servers found in their caches, as clients were told. */
  cachedShare: number
  /** The tokens of a prompt that a server had to process, on average. */
  processed: number
}

const SYSTEM_TOKENS = 2_000
/** Seconds that an agent's tools take, and the tokens of their results. */
const TOOLS = { seconds: [0.2, 4], tokens: [200, 1_500] } as const

/** Runs a scenario to its end. */
export async function runAgents(scenario: Scenario): Promise<Result> {
  const { agents, scale, seed, turns } = scenario
  const servers = ['a', 'b'].map((label) => {
    return new PrefixCacheServer({
      label,
      slots: scenario.slots,
      kept: scenario.kept,
      promptRate: 1_000,
      answerRate: 50,
      scale,
    })
  })
  const handler = handlerFor(scenario, servers)
  const total = { prompt: 0, cached: 0, requests: 0 }
  let done = 0

  async function ask(messages: object[]): Promise<string> {
    const response = await handler.fetch(requestOf(messages))
    const { choices, usage } = (await response.json()) as Answer
    total.requests++
    total.prompt += usage.prompt_tokens
    total.cached += usage.prompt_tokens_details.cached_tokens
    return choices[0].message.content
  }

  async function runAgent(at: number): Promise<void> {
    const random = randomFrom(seed * 1_000 + at)
    const between = ([least, most]: readonly [number, number]) => least + random() * (most - least)
    const own = (tokens: number) => textOf(`a${at}`, tokens, random)
    const messages: object[] = [
      { role: 'system', content: SYSTEM },
      { role: 'user', content: own(300) },
    ]
    // Agents ask for a title beside their first turn.
    const title = ask([
      { role: 'system', content: 'Write a title.' },
      { role: 'user', content: own(300) },
    ])
    await sleep((between([0, 5]) * 1_000) / scale)
    for (let turn = 0; turn < turns; turn++) {
      messages.push({ role: 'assistant', content: await ask(messages) })
      await sleep((between(TOOLS.seconds) * 1_000) / scale)
      messages.push({ role: 'user', content: own(Math.round(between(TOOLS.tokens))) })
      done++
      if (scenario.failsOver && breakServer(servers[0], done / (agents * turns)))
        await handler.refresh()
    }
    await title
  }

  await Promise.all(Array.from({ length: agents }, (_, at) => runAgent(at)))
  return {
    cachedShare: total.cached / total.prompt,
    processed: (total.prompt - total.cached) / total.requests,
  }
}

interface Answer {
  choices: [{ message: { content: string } }]
  usage: { prompt_tokens: number; prompt_tokens_details: { cached_tokens: number } }
}

function handlerFor(scenario: Scenario, servers: PrefixCacheServer[]) {
  const { maxConcurrency, affinity, affinityWait = 10, scale } = scenario
  return createHandler({
    insecure: true,
    upstream: ['a=http://a.test/v1', 'b=http://b.test/v1'],
    ...(maxConcurrency && { maxConcurrency }),
    affinity,
    affinityWait: Math.round((affinityWait * 1_000) / scale),
    queue: 1_000,
    fetch: async (url, init) => {
      const { hostname, pathname } = new URL(String(url))
      const server = servers[hostname === 'a.test' ? 0 : 1] as PrefixCacheServer
      // A large body is sent in bytes.
      return server.fetch(pathname, await new Response(init?.body).text())
    },
  })
}

function requestOf(messages: object[]): Request {
  return new Request('http://127.0.0.1/v1/chat/completions', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'm', messages }),
  })
}

/** Returns whether the server has come or gone just now. */
function breakServer(server: PrefixCacheServer | undefined, progress: number): boolean {
  const shouldBeDown = progress > 1 / 3 && progress < 2 / 3
  if (server === undefined || server.isDown === shouldBeDown) return false
  if (shouldBeDown) server.isDown = true
  else server.restart()
  return true
}

const SYSTEM = textOf('system', SYSTEM_TOKENS, randomFrom(1))

function textOf(name: string, tokens: number, random: () => number): string {
  const words = Array.from({ length: tokens }, () => `${name}.${Math.floor(random() * 1e6)}`)
  return words.join(' ')
}

/** Mulberry32: the same numbers for the same seed. */
function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
