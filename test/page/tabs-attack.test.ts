// What pages of other sites can do to the tabs of a sluice on this machine, tried from a real browser.

import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { answering, RawTab } from '../support/raw-tab.ts'
import { type Server, startServer } from '../support/server.ts'
import { keys, sceneAt } from '../support/tab-scene.ts'
import { launch } from './support/browser.ts'
import {
  type Aim,
  type Attempt,
  attempt,
  type ForeignSite,
  meansFor,
  startForeignSite,
} from './support/foreign-page.ts'

/** A name that its owner has made lead to this machine. */
const REBOUND = 'rebound.example'

const SECRET = 'the-answer-for-its-owner'

const HELLO = { v: 1, models: [{ id: 'evil', state: 'loaded' }], visible: true, paused: false }

let browser: Browser
let site: ForeignSite
let open: Server
let keyed: Server
/** The tabs of others, by their servers. */
const victims = new Map<Server, RawTab>()

async function startWithTab(flags: string[], key?: string): Promise<Server> {
  const env = key === undefined ? {} : { SLUICE_KEYS: JSON.stringify(keys) }
  const server = await startServer('bun', flags, env)
  const tab = await RawTab.join({
    ...{ url: server.url, onEvent: answering([SECRET]) },
    ...(key !== undefined && { key }),
  })
  victims.set(server, tab)
  return server
}

beforeAll(async () => {
  const starting = Promise.all([startWithTab([]), startWithTab([], 'phone')])
  browser = await launch(`--host-resolver-rules=MAP ${REBOUND} 127.0.0.1`)
  site = await startForeignSite()
  ;[open, keyed] = await starting
}, 60_000)

afterAll(async () => {
  for (const tab of victims.values()) tab.die()
  await Promise.all([open?.kill(), keyed?.kill(), browser?.close()])
  site?.[Symbol.dispose]()
})

async function openPage(url: string): Promise<Page> {
  const page = await browser.newPage()
  await page.goto(url)
  return page
}

/** All that has an effect on tabs, or tells of them. */
function aimsAt(url: string, victim: RawTab, offer: string): Aim[] {
  const post = (path: string, body: object) => {
    return { method: 'POST', url: url + path, body: JSON.stringify(body) }
  }
  return [
    post('/v1/tabs', HELLO),
    post('/v1/tabs', { ...HELLO, resume: { tab: victim.id, seq: victim.seq } }),
    post(`/v1/tabs/${victim.id}`, { seq: 1, ack: 0, messages: [{ kind: 'leaving' }] }),
    post('/v1/pairings', { name: 'mine', shared: true }),
    post('/v1/pairings/redeem', { offer }),
    ...Array.from({ length: 5 }, (_, n) =>
      post('/v1/pairings/redeem', { offer: `2222-222${n + 2}` }),
    ),
    { method: 'GET', url: `${url}/v1/tabs` },
    { method: 'GET', url: `${url}/v1/pairings` },
    { method: 'DELETE', url: `${url}/v1/tabs/${victim.id}` },
    { method: 'DELETE', url: `${url}/v1/pairings/mine` },
  ]
}

/** The pairing that somebody has open meanwhile; resolves once all requests of the test itself are in the log. */
async function pairingAt(server: Server): Promise<{ secret: string; code: string }> {
  const wish = { name: `tv-${Math.random()}` }
  const response = await sceneAt(server.url).post('/v1/pairings', wish, rootOf(server.url))
  await server.nextLog(({ path, status }) => path === '/v1/pairings' && status === 200)
  return (await response.json()) as { secret: string; code: string }
}

const rootOf = (url: string) => (url === keyed.url ? 'root' : '')

/** The tab is as it was, no other has come, and the pairing is still good. */
async function expectUntouched(server: Server, pairing: { code: string }): Promise<void> {
  const { get, post, ask } = sceneAt(server.url)
  const victim = victims.get(server) as RawTab
  const root = rootOf(server.url)
  const { data } = await get('/v1/tabs', root || 'none')
  expect(data.map(({ id }: { id: string }) => id)).toEqual([victim.id])
  expect(victim.isOver).toBe(false)
  expect(victim.events.filter(({ kind }) => kind === 'ask' || kind === 'stop')).toEqual([])
  const answer = await ask({}, root ? 'ann' : '')
  expect(await answer.json()).toMatchObject({ choices: [{ message: { content: SECRET } }] })
  victim.events.length = 0
  // Neither used up nor void: what was tried from the page has not counted.
  const redeemed = await post('/v1/pairings/redeem', { offer: pairing.code }, '')
  expect(redeemed.status).toBe(200)
}

async function expectNothing(page: Page, server: Server, attempts: Attempt[]): Promise<void> {
  const before = server.log.length
  const told = await page.evaluate(attempt, attempts)
  for (const [at, each] of told.entries()) {
    expect(each, JSON.stringify(attempts[at])).toMatch(/^(?:failed|sent)$/)
  }
  // Each has reached the server, or its preflight has, and was refused.
  const sent = () => server.log.slice(before)
  await expect.poll(() => sent().length, { timeout: 15_000 }).toBe(attempts.length)
  expect(sent().filter(({ status, engine }) => status < 400 || engine !== undefined)).toEqual([])
}

describe.each(['127.0.0.1', 'localhost'])('a page of another origin at %s', (name) => {
  it('neither joins, lists, pairs, nor speaks for a tab where there are no keys', async () => {
    const page = await openPage(`http://${name}:${site.port}`)
    const pairing = await pairingAt(open)
    const victim = victims.get(open) as RawTab
    const aims = aimsAt(open.url, victim, pairing.code)
    const attempts = aims.flatMap((aim) => meansFor(aim).map((means) => ({ ...aim, means })))
    await expectNothing(page, open, attempts)
    await expectUntouched(open, pairing)
    await page.close()
  })

  it('does not where there are keys, with none, a wrong one, and ones that it has stolen', async () => {
    const page = await openPage(`http://${name}:${site.port}`)
    const pairing = await pairingAt(keyed)
    const victim = victims.get(keyed) as RawTab
    const aims = aimsAt(keyed.url, victim, pairing.secret)
    const without = aims.flatMap((aim) => meansFor(aim).map((means) => ({ ...aim, means })))
    const withKeys = ['wrong', 'phone', 'root'].flatMap((key) =>
      aims.map((aim) => ({ ...aim, means: 'json' as const, key })),
    )
    await expectNothing(page, keyed, [...without, ...withKeys])
    await expectUntouched(keyed, pairing)
    await page.close()
  })
})

it('a page whose name leads to this machine is not its own', async () => {
  for (const server of [open, keyed]) {
    const page = await browser.newPage({ bypassCSP: true })
    const at = `http://${REBOUND}:${server.port}`
    expect((await page.goto(at))?.status()).toBe(421)
    const pairing = await pairingAt(server)
    const victim = victims.get(server) as RawTab
    const attempts = aimsAt(at, victim, pairing.code).map((aim) => {
      return { ...aim, means: 'json' as const, key: 'phone' }
    })
    const told = await page.evaluate(attempt, attempts)
    for (const each of told) expect(each).toMatch(/^421 .*"code":"host_not_allowed"/s)
    await expectUntouched(server, pairing)
    await page.close()
  }
})

it('a page of an origin that is allowed may do with a key that offers what that key may', async () => {
  const origin = `http://localhost:${site.port}`
  const server = await startWithTab(['--allow-origin', origin], 'other')
  const page = await openPage(origin)
  const { url } = server
  const tell = (key: string, aim: Aim) =>
    page.evaluate(attempt, [{ ...aim, means: 'json' as const, key }])
  const victim = victims.get(server) as RawTab
  const [, , leaving, pairing, , ...rest] = aimsAt(url, victim, '')
  for (const aim of [pairing, ...rest.slice(5)]) {
    expect((await tell('phone', aim as Aim))[0]).toMatch(/^403 .*"code":"offer_key"/s)
  }
  expect((await tell('phone', leaving as Aim))[0]).toMatch(/^410 .*"code":"tab_gone"/s)
  const joined = await page.evaluate(
    async ([to, hello]) => {
      const response = await fetch(`${to}/v1/tabs`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: 'Bearer phone' },
        body: hello as string,
      })
      const { value } = (await response.body?.getReader().read()) ?? {}
      return new TextDecoder().decode(value)
    },
    [url, JSON.stringify(HELLO)],
  )
  expect(joined).toContain('"kind":"joined"')
  // It offers to its owner alone.
  const { get } = sceneAt(url)
  const models = async (key: string) => JSON.stringify(await get('/v1/models', key))
  expect(await models('ann')).toContain('"evil"')
  expect(await models('bob')).not.toContain('"evil"')
  await page.close()
  await server.kill()
})
