import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { TabHub } from '../../../src/tabs/hub.ts'
import { Link } from '../../../src/tabs/link.ts'
import type { LinkStatus } from '../../../src/tabs/link-options.ts'
import type { LinkPort } from '../../../src/tabs/link-port.ts'
import type { TabState } from '../../../src/tabs/protocol.ts'
import { UnreliableNetwork, wait } from './unreliable-network.ts'

const SEEDS = 100
const CHUNKS = 40

const state: TabState = { models: [{ id: 'm', state: 'loaded' }], visible: true, paused: false }

beforeEach(() => {
  const toFake = [
    'setTimeout',
    'clearTimeout',
    'setInterval',
    'clearInterval',
    'performance',
  ] as const
  vi.useFakeTimers({ toFake: [...toFake] })
})

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

const later = (ms: number) => vi.advanceTimersByTimeAsync(ms)

function randomFrom(seed: number): () => number {
  let at = seed
  return () => {
    at = (at + 0x6d2b79f5) | 0
    let mixed = Math.imul(at ^ (at >>> 15), at | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** The servers, one after the other, and what they count. */
function createServers(gather: number) {
  const counts = { joined: 0, left: 0 }
  const hubs: TabHub[] = []
  const restart = () => {
    hubs.at(-1)?.close()
    const hub = new TabHub({ gather })
    hub.observe({
      onJoined: () => counts.joined++,
      onResumed: () => {},
      onLeft: () => counts.left++,
    })
    hubs.push(hub)
  }
  restart()
  return { counts, restart, hub: () => hubs.at(-1) as TabHub }
}

/** A tab whose engine numbers the chunks of each answer. */
function createTab(network: UnreliableNetwork, random: () => number) {
  const statuses: LinkStatus[] = []
  const asked: number[] = []
  let serving = 0
  const serve = (port: LinkPort) => {
    serving++
    let isOpen = true
    const answer = async (id: number) => {
      asked.push(id)
      port.postMessage({ kind: 'begun', id })
      for (let n = 0; n < CHUNKS && isOpen; n++) {
        await wait(25 + random() * 100)
        const choices = [{ index: 0, delta: { content: 'word' } }]
        port.postMessage({ kind: 'chunks', id, chunks: [{ n, choices } as never] })
      }
      port.postMessage({ kind: 'done', id })
    }
    port.addEventListener('message', ({ data }) => {
      if (data.kind === 'chat') void answer(data.id)
    })
    return () => {
      isOpen = false
      serving--
    }
  }
  const link = new Link({
    ...{ url: 'http://server', key: '', state, serve, fetch: network.fetch as typeof fetch },
    onStatus: (status) => statuses.push(status),
  })
  return { link, statuses, asked, serving: () => serving }
}

/** Asks tabs, and checks that what they answer is whole and in order. */
function createClient(hub: () => TabHub) {
  const wrong: string[] = []
  let id = 0
  let done = 0
  const ask = () => {
    const tab = hub().tabs.find((each) => each.isConnected && !each.running && !each.state.paused)
    if (tab === undefined) return
    const asked = ++id
    let next = 0
    tab.addEventListener('message', ({ data }) => {
      if (data.id !== asked) return
      for (const { n } of data.chunks ?? []) if (n !== next++) wrong.push(`${asked}: chunk ${n}`)
      if (data.kind !== 'done') return
      done++
      if (next !== CHUNKS) wrong.push(`${asked}: ${next} chunks`)
    })
    const request = { model: 'm', messages: [] }
    tab.ask({ kind: 'chat', id: asked, credit: 1_000, request } as never, 'ann')
  }
  return { ask, wrong, done: () => done }
}

function createScene(seed: number) {
  const random = randomFrom(seed)
  vi.spyOn(Math, 'random').mockImplementation(randomFrom(-seed))
  const servers = createServers(random() < 0.5 ? 0 : 30)
  const network = new UnreliableNetwork(random, servers.hub)
  return {
    ...{ random, servers, network },
    ...{ tab: createTab(network, random), client: createClient(servers.hub) },
  }
}

type Scene = ReturnType<typeof createScene>

/** One of the things that happen to a tab, its network, its server and who asks it. */
function happen({ random, servers, network, tab, client }: Scene): void {
  const what = random()
  if (what < 0.35) network.cut()
  else if (what < 0.45) {
    network.isDown = true
    network.cut()
    setTimeout(() => {
      network.isDown = false
    }, random() * 12_000)
  } else if (what < 0.75) client.ask()
  else if (what < 0.8) servers.restart()
  else if (what < 0.9) tab.link.change({ ...state, paused: random() < 0.5 })
}

async function simulate(seed: number): Promise<object> {
  const scene = createScene(seed)
  const { random, servers, network, tab, client } = scene
  for (let n = 0; n < 40; n++) {
    happen(scene)
    await later(random() ** 2 * 8_000)
  }
  // While it joins, as likely as not.
  network.cut()
  await later(random() * 1_000)
  tab.link.change({ ...state })
  Object.assign(network, { isCalm: true, isDown: false })
  await later(120_000)
  const [present, ...others] = servers.hub().tabs
  const status = tab.statuses.at(-1)
  const before = client.done()
  client.ask()
  await later(10_000)
  const { counts } = servers
  const seen = {
    isJoined: status?.kind === 'joined' && status.tab === present?.id && present.isConnected,
    others: others.length,
    answersAgain: client.done() - before,
    serving: tab.serving(),
    askedTwice: tab.asked.length - new Set(tab.asked).size,
    uncounted: counts.joined - counts.left - 1,
  }
  network.isCalm = random() < 0.5
  if (!network.isCalm) network.cut()
  await later(random() * 400)
  tab.link.leave()
  await later(90_000)
  return {
    ...{ seed, wrong: client.wrong, ...seen, end: tab.statuses.at(-1)?.kind },
    ...{ left: servers.hub().tabs.length, servingAtEnd: tab.serving() },
  }
}

it('a tab loses and repeats nothing, and is one, whatever its network does', async () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    expect(await simulate(seed)).toEqual({
      ...{ seed, wrong: [], isJoined: true, others: 0, answersAgain: 1, serving: 1 },
      ...{ askedTwice: 0, uncounted: 0, end: 'ended', left: 0, servingAtEnd: 0 },
    })
  }
}, 60_000)
