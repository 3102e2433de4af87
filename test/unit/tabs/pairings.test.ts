import { describe, expect, it } from 'vitest'
import { ReloadableHandler } from '../../../src/hosts/server/reloadable-handler.ts'
import type { LogEntry } from '../../../src/platform/log.ts'
import { parseSettings } from '../../../src/settings/settings.ts'
import { Pairings } from '../../../src/tabs/pairings.ts'
import { answering, RawTab, type TabEvent } from '../../support/raw-tab.ts'
import { create, hash, keys, type Said, url } from '../../support/tab-scene.ts'

/** Requests of an admin, and of somebody without a key. */
function asking(fetch: (request: Request) => Promise<Response>) {
  return async (path: string, body: unknown, key = 'root', headers = {}): Promise<Said> => {
    const response = await fetch(
      new Request(`${url}${path}`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          ...(key && { authorization: `Bearer ${key}` }),
          ...headers,
        },
        body: JSON.stringify(body),
      }),
    )
    return { status: response.status, ...((await response.json()) as object) }
  }
}

describe('a pairing', () => {
  it('is good once and for ten minutes', () => {
    let now = 0
    const pairings = new Pairings(() => now)
    const { secret } = pairings.open({ name: 'phone' })
    expect(pairings.redeem(secret).name).toBe('phone')
    expect(() => pairings.redeem(secret)).toThrow('offer: expected')
    const { code } = pairings.open({ name: 'phone' })
    now = 599_999
    expect(pairings.redeem(code.toLowerCase().replace('-', ' ')).name).toBe('phone')
    const late = pairings.open({ name: 'phone' })
    now += 600_000
    expect(() => pairings.redeem(late.code)).toThrow('offer: expected')
    expect(() => pairings.redeem(late.secret)).toThrow('offer: expected')
  })

  it('has a code without letters that look alike, and one that differs each time', () => {
    const pairings = new Pairings()
    const codes = Array.from({ length: 32 }, (_, n) => pairings.open({ name: `n${n}` }).code)
    expect(new Set(codes).size).toBe(32)
    for (const code of codes) expect(code).toMatch(/^[2-9A-HJKMNP-TV-Z]{4}-[2-9A-HJKMNP-TV-Z]{4}$/)
    expect(() => pairings.open({ name: 'more' })).toThrow('at most 32')
  })

  it('is replaced by another one of the same name', () => {
    const pairings = new Pairings()
    const former = pairings.open({ name: 'phone' })
    const latter = pairings.open({ name: 'phone' })
    expect(() => pairings.redeem(former.secret)).toThrow('offer: expected')
    expect(pairings.redeem(latter.secret).name).toBe('phone')
  })

  it('loses its code after five wrong ones, and keeps its link', () => {
    const pairings = new Pairings()
    const first = pairings.open({ name: 'a' })
    const second = pairings.open({ name: 'b' })
    for (let n = 0; n < 5; n++) expect(() => pairings.redeem('2222-2222')).toThrow()
    expect(() => pairings.redeem(first.code)).toThrow()
    expect(() => pairings.redeem(second.code)).toThrow()
    expect(pairings.redeem(first.secret).name).toBe('a')
    const third = pairings.open({ name: 'c' })
    expect(pairings.redeem(third.code).name).toBe('c')
  })
})

describe('pairing a tab', () => {
  it('is for admins, and its key may offer and may not ask', async () => {
    const { handler, join, ask } = create()
    const post = asking(handler.fetch)
    for (const key of ['ann', 'phone']) {
      expect((await post('/v1/pairings', { name: 'tablet' }, key)).status).toBe(403)
    }
    expect((await post('/v1/pairings', { name: 'tablet' }, '')).status).toBe(401)
    const opened = await post('/v1/pairings', { name: 'tablet', owner: 'ann' })
    const paired = await post('/v1/pairings/redeem', { offer: opened.secret }, '')
    expect(paired).toMatchObject({ status: 200, name: 'tablet', saved: false })
    expect((await post('/v1/pairings/redeem', { offer: opened.code }, '')).status).toBe(403)
    expect((await ask({}, paired.key)).status).toBe(403)
    await join({ key: paired.key, onEvent: answering(['a']) })
    expect((await ask()).status).toBe(200)
    expect((await ask({}, 'bob')).status).toBe(404)
  })

  it.each<[string, object]>([
    ['no name', {}],
    ['a name that a key has', { name: 'phone' }],
    ['a name of two lines', { name: 'a\nb' }],
    ['an owner that there is not', { name: 'tablet', owner: 'nobody' }],
    ['an owner that may not ask', { name: 'tablet', owner: 'phone' }],
  ])('with %s is refused', async (_, wish) => {
    const { handler } = create()
    const { status, error } = await asking(handler.fetch)('/v1/pairings', wish)
    expect(status).toBe(400)
    expect(error.param).toMatch(/name|owner/)
  })

  it('by a stranger takes little: a body is short, and its origin that of the page', async () => {
    const { handler } = create()
    const post = asking(handler.fetch)
    const offer = 'a'.repeat(2_000)
    expect((await post('/v1/pairings/redeem', { offer }, '')).status).toBe(413)
    expect((await post('/v1/pairings/redeem', { offer: 7 }, '')).status).toBe(400)
    const foreign = { origin: 'https://evil.example' }
    const { error } = await post('/v1/pairings/redeem', { offer: 'a' }, '', foreign)
    expect(error.code).toBe('origin_not_allowed')
  })

  it('leaves no secret, code or key in the log, the captures or the activity', async () => {
    const { handler, log, get, join } = create({ capture: 'all' })
    const post = asking(handler.fetch)
    const opened = await post('/v1/pairings', { name: 'tablet' })
    const paired = await post('/v1/pairings/redeem', { offer: opened.secret }, '')
    const next = await post('/v1/pairings', { name: 'laptop' })
    await post('/v1/pairings/redeem', { offer: `${next.code.slice(0, 8)}2` }, '')
    await join({ key: paired.key })
    const captures = await get('/v1/captures', 'root')
    const activity = await get('/v1/activity', 'root')
    const all = JSON.stringify([log, captures, activity, await get('/v1/tabs', 'root')])
    for (const secret of [opened.secret, opened.code, paired.key, next.secret, next.code])
      expect(all).not.toContain(secret)
    expect(captures.data).toEqual([])
  })
})

describe('the key of a tab that has joined', () => {
  function reloadable() {
    const log: LogEntry[] = []
    const told: string[] = []
    const settings = (list: object[]) => parseSettings({ discover: false, keys: list } as never)
    const handler = new ReloadableHandler(settings(keys), {
      exposure: 'machine',
      log: (entry) => log.push(entry),
      onTabEvent: (text) => told.push(text),
    })
    const send = (input: string, init: RequestInit) => handler.fetch(new Request(input, init))
    const join = (onEvent?: (event: TabEvent, tab: RawTab) => void) =>
      RawTab.join({ url, key: 'phone', send, ...(onEvent && { onEvent }) })
    return { handler, told, settings, join, send }
  }

  const without = keys.filter(({ name }) => name !== 'phone')

  it.each<[string, object[], object, string]>([
    ['of its name was added', [...keys, { name: 'tv', hash: hash('tv') }], {}, 'name'],
    [
      'of its owner was removed',
      keys.filter(({ name }) => name !== 'bob'),
      { owner: 'bob' },
      'owner',
    ],
  ])('is not made where a key %s meanwhile', async (_, list, more, param) => {
    const { handler, settings } = reloadable()
    const post = asking((request) => handler.fetch(request))
    const { secret } = await post('/v1/pairings', { name: 'tv', ...more })
    handler.replace(settings(list))
    const { status, error, key } = await post('/v1/pairings/redeem', { offer: secret }, '')
    expect({ status, param: error?.param, key }).toEqual({ status: 400, param, key: undefined })
  })

  it.each<[string, object[], string]>([
    ['is removed', without, 'its key was removed from the settings'],
    ['is disabled', [...without, { ...keys[4], disabled: true }], 'its key is disabled'],
    ['may ask now', [...without, { ...keys[4], offers: undefined, owner: undefined }], 'removed'],
    ['is another one', [...without, { ...keys[4], hash: hash('new') }], 'replaced'],
  ])('%s: it is dismissed at once, with the reason', async (_, list, why) => {
    const { handler, settings, join, told } = reloadable()
    const tab = await join()
    expect(told).toEqual(['phone joined: m'])
    handler.replace(settings(JSON.parse(JSON.stringify(list))))
    await expect.poll(() => tab.isOver).toBe(true)
    expect(tab.events.at(-1)).toMatchObject({ kind: 'stop' })
    expect(tab.events.at(-1).reason).toContain(why)
    expect(told.at(-1)).toContain('phone left: ')
  })

  it('expires: it is dismissed within a second or so', async () => {
    const { handler, settings, join } = reloadable()
    const expires = new Date(Date.now() + 300).toISOString()
    handler.replace(settings([...without, { ...keys[4], expires }]))
    const tab = await join()
    await expect.poll(() => tab.isOver, { timeout: 4_000 }).toBe(true)
    expect(tab.events.at(-1).reason).toBe('its key has expired')
  })

  it('stays, and has another owner: the tab stays, and answers that one', async () => {
    const { handler, settings, join, send } = reloadable()
    const tab = await join(answering(['a']))
    const ask = (key: string) =>
      send(`${url}/v1/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
        body: JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'Hi' }] }),
      })
    expect((await ask('bob')).status).toBe(404)
    handler.replace(settings([...without, { ...keys[4], owner: 'bob' }]))
    expect((await ask('bob')).status).toBe(200)
    expect((await ask('ann')).status).toBe(404)
    expect(tab.isOver).toBe(false)
    tab.die()
  })
})
