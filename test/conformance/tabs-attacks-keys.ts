import { describe, expect, it } from 'vitest'
import { type OperationId, table } from '../../src/routes/table.ts'
import type { RawTab, RawTabOptions } from '../support/raw-tab.ts'
import { chunk } from '../support/raw-tab.ts'
import type { Said } from '../support/tab-scene.ts'
import type { Attacked } from './tabs-attacks.ts'
import { SECRET } from './tabs-attacks.ts'

/** Who may join, tell and end, by the key that is sent. */
export function keysOfTabs(attacked: () => Attacked): void {
  describe('who joins', () => joining(attacked))
  describe('a key that offers', () => offering(attacked))
  describe('the id of another’s tab', () => foreignIds(attacked))
  describe('ending a tab', () => ending(attacked))
}

const many = (count: number) => Array(count).fill({ id: 'm', state: 'loaded' })

const REFUSED_TO_JOIN: [string, Partial<RawTabOptions>, number, string?][] = [
  ['no key', { key: '' }, 401, 'missing_api_key'],
  ['a wrong key', { key: 'wrong' }, 401, 'invalid_api_key'],
  ['a key that asks', { key: 'ann' }, 403, 'offer_key'],
  ['an admin key', { key: 'root' }, 403, 'offer_key'],
  ['another origin', { headers: { origin: 'https://evil.example' } }, 403, 'origin_not_allowed'],
  ['a form', { headers: { 'content-type': 'text/plain' } }, 415],
  ['an old version', { hello: { v: 0 } }, 400, 'invalid_value'],
  ['no models', { models: 'm' }, 400, 'invalid_value'],
  ['a model without a name', { models: [{ id: '', state: 'loaded' }] }, 400, 'invalid_value'],
  ['a model in escapes', { models: [{ id: 'a\u001b[2J', state: 'loaded' }] }, 400, 'invalid_value'],
  ['a GPU of two lines', { hello: { gpu: 'a\nb' } }, 400, 'invalid_value'],
  ['many models', { models: many(100_000) }, 400],
  ['a tab of nobody', { hello: { resume: { tab: 'tab_1', seq: 0 } } }, 410, 'tab_gone'],
  ['a number below 0', { hello: { resume: { tab: 'tab_1', seq: -1 } } }, 400, 'invalid_value'],
]

function joining(attacked: () => Attacked): void {
  it.each(REFUSED_TO_JOIN)('with %s is refused', async (_, options, status, code) => {
    const { join, get, expectRefusal } = attacked()
    const { response } = await join(options)
    await expectRefusal(response, status, code)
    expect((await get('/v1/tabs', 'root')).data).toHaveLength(1)
  })

  it('is one of 16 of its key at most', async () => {
    const { join, expectRefusal } = attacked()
    const tabs = await Promise.all(Array.from({ length: 17 }, () => join({ key: 'other' })))
    const statuses = tabs.map(({ response }) => response.status).sort()
    expect(statuses).toEqual([...Array(16).fill(200), 429])
    const [refused] = tabs.filter(({ response }) => !response.ok) as [RawTab]
    await expectRefusal(refused.response, 429, 'too_many_tabs')
    expect((await join()).response.status).toBe(200)
  })
}

function offering(attacked: () => Attacked): void {
  const closed = (Object.keys(table) as OperationId[]).filter((id) => {
    return table[id].access !== 'open' && table[id].access !== 'offer'
  })

  it.each(closed)('may not use %s', async (id) => {
    const { url, send, victim } = attacked()
    const { method, path } = table[id]
    const response = await send(`${url}${path.replace(/:\w+\+?/, victim.id)}`, {
      method: method.toUpperCase(),
      headers: { authorization: 'Bearer other', 'content-type': 'application/json' },
      ...(method === 'post' && { body: '{"model":"victim","input":"Hi"}' }),
    })
    const text = await response.text()
    expect(response.status, text).toBe(403)
    // The other APIs have errors of their own shapes.
    if (method !== 'head') expect(text).toContain('got one with offers: true')
    if (text.startsWith('{"error":{')) expect(text).toContain('"code":"offer_key"')
    expect(text).not.toContain(SECRET)
  })

  it.each(['/status', '/health', '/health/ready'])(
    'sees of %s what a stranger sees',
    async (path) => {
      const { url, send } = attacked()
      const shown = async (key: string) =>
        (await send(`${url}${path}`, { headers: { authorization: `Bearer ${key}` } })).text()
      expect(await shown('ann')).toContain('victim')
      for (const key of ['phone', 'other']) expect(await shown(key)).not.toContain('victim')
    },
  )
}

function foreignIds(attacked: () => Attacked): void {
  it.each<[string, unknown[]]>([
    ['leaves', [{ kind: 'leaving' }]],
    ['answers', [1, 2, 3].map((id) => tell({ kind: 'chunks', id, chunks: [chunk({})] }))],
    ['says nothing', []],
    ['sends what is no message', [{ kind: 'nothing' }]],
  ])('is unknown to another key that %s', async (_, messages) => {
    const { post, victim, expectRefusal } = attacked()
    const batch = { seq: 1, ack: 0, messages }
    const refused = await post(`/v1/tabs/${victim.id}`, batch, 'other')
    expect((await expectRefusal(refused, 410, 'tab_gone')).param).toBe('tab')
    for (const [key, status, code] of [
      ['ann', 403, 'offer_key'],
      ['root', 403, 'offer_key'],
      ['', 401, 'missing_api_key'],
      ['wrong', 401, 'invalid_api_key'],
    ] as const) {
      await expectRefusal(await post(`/v1/tabs/${victim.id}`, batch, key), status, code)
    }
    const own = await victim.tell([])
    expect(own.status).toBe(200)
  })

  it('brings nobody in its place', async () => {
    const { join, victim, expectRefusal } = attacked()
    const { response } = await join({
      key: 'other',
      hello: { resume: { tab: victim.id, seq: victim.seq } },
    })
    await expectRefusal(response, 410, 'tab_gone')
    expect(victim.isOver).toBe(false)
  })

  it('is not needed to answer another’s request, and does not help either', async () => {
    const { join, ask } = attacked()
    const asked = Promise.withResolvers<number>()
    const owner = await join({
      onEvent({ kind, message }) {
        if (kind === 'ask' && message.kind === 'chat') asked.resolve(message.id)
      },
    })
    const thief = await join({ key: 'other', models: [{ id: 'bait', state: 'loaded' }] })
    const answer = ask()
    const id = await asked.promise
    const stolen = (of: number) => [
      { kind: 'begun', id: of },
      { kind: 'chunks', id: of, chunks: [chunk({ content: 'STOLEN' })] },
      { kind: 'done', id: of },
    ]
    for (let of = 0; of < 20; of++) expect((await thief.reply(...stolen(of))).status).toBe(200)
    const chunks = [chunk({ content: SECRET }), chunk({}, { finish_reason: 'stop' })]
    await owner.reply({ kind: 'begun', id }, { kind: 'chunks', id, chunks }, { kind: 'done', id })
    const said = ((await (await answer).json()) as Said).choices[0].message.content
    expect(said).toBe(SECRET)
    expect(JSON.stringify(thief.events)).not.toContain('"ask"')
  })
}

function ending(attacked: () => Attacked): void {
  it.each([
    ['no key', '', 401, 'missing_api_key'],
    ['a wrong key', 'wrong', 401, 'invalid_api_key'],
    ['a key that asks', 'ann', 403, 'admin_required'],
    ['its own key', 'phone', 403, 'offer_key'],
  ])('is refused with %s', async (_, key, status, code) => {
    const { url, send, victim, expectRefusal } = attacked()
    const remove = (id: string) =>
      send(`${url}/v1/tabs/${id}`, {
        method: 'DELETE',
        headers: key ? { authorization: `Bearer ${key}` } : {},
      })
    await expectRefusal(await remove(victim.id), status, code)
    // Nor does it say whether there is one.
    await expectRefusal(await remove('tab_1'), status, code)
    expect(victim.isOver).toBe(false)
  })
}

function tell(message: object): object {
  return { kind: 'tell', message }
}
