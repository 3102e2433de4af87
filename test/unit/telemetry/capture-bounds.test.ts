import { describe, expect, it } from 'vitest'
import { hashKey } from '../../../src/guard/keys.ts'
import { CHAT, capturing, STREAM, streamOf, textOf, upstream } from './captures-asking.ts'

describe('the bounds', () => {
  const failing = upstream((body) =>
    body.includes('fail') ? Response.json({ error: 'no' }, { status: 500 }) : streamOf(STREAM),
  )
  const asked = (content: string) => ({ ...CHAT, messages: [{ role: 'user', content }] })

  it('drop the oldest, and failures last', async () => {
    const { post, captures } = capturing({ capture: 'all', captureCount: 3, retry: false }, failing)
    for (const word of ['fail', 'a', 'b', 'c', 'd'])
      await (await post('/v1/chat/completions', asked(word))).text()
    expect(captures.all.map(({ summary }) => summary.outcome)).toEqual([
      'finished',
      'finished',
      'failed',
    ])
  })

  it('let strangers push out nobody', async () => {
    const key = 'sk-ann-0123456789'
    const keys = [{ name: 'ann', hash: await hashKey(key) }]
    const { post, captures } = capturing({ capture: 'all', captureCount: 2, keys })
    for (let times = 0; times < 2; times++) {
      const headers = { authorization: `Bearer ${key}` }
      await (await post('/v1/chat/completions', CHAT, headers)).text()
    }
    for (let times = 0; times < 9; times++) await (await post('/v1/chat/completions', CHAT)).text()
    expect(captures.all.map(({ summary }) => summary.key)).toEqual(['ann', 'ann'])
  })

  it('let strangers who come at once take no room from others', async () => {
    const key = 'sk-ann-0123456789'
    const keys = [{ name: 'ann', hash: await hashKey(key) }]
    const { post, captures } = capturing({ capture: 'all', captureBytes: '1MB', keys })
    const headers = { authorization: `Bearer ${key}` }
    while (captures.bytes < 900_000)
      await (await post('/v1/chat/completions', asked('x'.repeat(20_000)), headers)).text()
    const before = captures.all.length
    const long = { 'x-long': 'x'.repeat(14_000) }
    const strangers = Array.from({ length: 60 }, () => post('/v1/chat/completions', CHAT, long))
    for (const response of await Promise.all(strangers)) expect(response.status).toBe(401)
    expect(captures.all.filter(({ summary }) => summary.key === 'ann')).toHaveLength(before)
  })

  it('cut off what is too long, and say so', async () => {
    const long = Array.from({ length: 40 }, () => `: ${'x'.repeat(20_000)}\n\n`)
    const { post, captures, recorded } = capturing(
      { capture: 'all', captureBytes: '1MB' },
      upstream(() => streamOf([...long, ...STREAM])),
    )
    const client = await (await post('/v1/chat/completions', CHAT)).text()
    expect(captures.all[0]?.summary.complete).toBe(false)
    expect(captures.bytes).toBeLessThanOrEqual(250_000)
    const { end, packets } = recorded('engine')
    expect(end).toMatchObject({
      how: 'stopped',
      why: expect.stringMatching(/^cut off at about/),
    })
    expect(long.join('').startsWith(textOf(packets))).toBe(true)
    expect(client).toContain('[DONE]')
  })

  it('cut off a body that is too long', async () => {
    const { post, captures, recorded } = capturing({ capture: 'all', captureBytes: '1MB' })
    await (await post('/v1/chat/completions', asked('x'.repeat(300_000)))).text()
    for (const side of ['client', 'engine'] as const) {
      expect(recorded(side).request.body?.length).toBe(62_500)
      expect(textOf(recorded(side).packets)).toBe(STREAM.join(''))
      expect(recorded(side).end).toMatchObject({
        how: 'end',
        why: expect.stringMatching(/^cut off/),
      })
    }
    expect(captures.all[0]?.summary.complete).toBe(false)
  })

  it('count only the last attempt of an engine, which is what is kept', async () => {
    let asked = 0
    const refusing = upstream(() => {
      const refusal = { error: { message: 'x'.repeat(30_000) } }
      return ++asked === 1 ? Response.json(refusal, { status: 400 }) : streamOf(STREAM)
    })
    const { post, captures, recorded } = capturing({ capture: 'all' }, refusing)
    await (await post('/v1/chat/completions', CHAT)).text()
    expect(asked).toBe(2)
    expect(textOf(recorded('engine').packets)).toBe(STREAM.join(''))
    expect(captures.bytes).toBeLessThan(15_000)
    captures.clear()
    expect(captures.bytes).toBe(0)
  })

  it('hold for all together', async () => {
    const { post, captures } = capturing({
      capture: 'all',
      captureBytes: '1MB',
      captureCount: 1_000,
    })
    for (let times = 0; times < 12; times++) {
      await (await post('/v1/chat/completions', asked('x'.repeat(60_000)))).text()
      expect(captures.bytes).toBeLessThanOrEqual(1_000_000)
    }
    expect(captures.count).toBeGreaterThan(2)
    expect(captures.count).toBeLessThan(12)
    captures.clear()
    expect({ count: captures.count, bytes: captures.bytes }).toEqual({ count: 0, bytes: 0 })
  })

  it('count what could not be captured beside requests that run', async () => {
    const open = upstream(
      () =>
        new Response(new ReadableStream(), { headers: { 'content-type': 'text/event-stream' } }),
    )
    const { post, captures } = capturing({ capture: 'all', captureCount: 1, headerWait: 0 }, open)
    const responses = [
      await post('/v1/chat/completions', CHAT),
      await post('/v1/chat/completions', CHAT),
    ]
    expect({ count: captures.count, missed: captures.missed }).toEqual({ count: 1, missed: 1 })
    for (const { body } of responses) await body?.cancel()
  })

  it('can be narrowed', async () => {
    const { post, captures, telemetry } = capturing({ capture: 'all' })
    for (let times = 0; times < 4; times++) await (await post('/v1/chat/completions', CHAT)).text()
    capturing({ capture: 'all', captureCount: 2 }, undefined, { telemetry })
    expect(captures.count).toBe(2)
  })
})

describe('the routes', () => {
  it('list, show and delete', async () => {
    const { post, get } = capturing({ capture: 'all' })
    await (await post('/v1/chat/completions', CHAT)).text()
    const list = (await (await get('/v1/captures')).json()) as { data: [{ id: string }] }
    expect(list).toMatchObject({ object: 'list', rule: 'all', count: 1, missed: 0 })
    const { id } = list.data[0]
    const response = await get(`/v1/captures/${id}`)
    expect(response.headers.get('content-disposition')).toBe(`attachment; filename="${id}.jsonl"`)
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(await response.text()).toMatch(/^\{"sluice-recording":1,.*"by":"sluice \S+ on test"\}\n/)
    expect((await get(`/v1/captures/${id}?side=left`)).status).toBe(400)
    expect(await (await get(`/v1/captures/${id}`, 'DELETE')).json()).toMatchObject({
      deleted: true,
    })
    expect((await get(`/v1/captures/${id}`)).status).toBe(404)
    expect((await get(`/v1/captures/${id}`, 'DELETE')).status).toBe(404)
    await (await post('/v1/chat/completions', CHAT)).text()
    expect(await (await get('/v1/captures', 'DELETE')).json()).toMatchObject({ count: 0, data: [] })
  })

  it('can delete what still runs, which then goes on', async () => {
    const { post, get, captures } = capturing({ capture: 'all' })
    const response = await post('/v1/chat/completions', CHAT)
    await get('/v1/captures', 'DELETE')
    expect(await response.text()).toBe(STREAM.join(''))
    expect({ count: captures.count, bytes: captures.bytes }).toEqual({ count: 0, bytes: 0 })
  })

  it('are in the feed', async () => {
    const { post, get } = capturing({ capture: 'all' })
    await (await post('/v1/chat/completions', CHAT)).text()
    const feed = await (await get('/v1/activity')).json()
    const { captures, requests } = feed as { captures: object; requests: [Record<string, string>] }
    expect(captures).toMatchObject({ rule: 'all', count: 1 })
    expect(requests[0].capture).toBe(`cap_${requests[0].id}`)
  })
})
