import { describe, expect, it } from 'vitest'
import { hashKey } from '../../../src/guard/keys.ts'
import { CHAT, capturing, STREAM, streamOf, textOf, upstream } from './captures-asking.ts'

describe('what is captured', () => {
  it('is nothing by default, and no body is held', async () => {
    const { post, captures, told } = capturing({})
    await (await post('/v1/chat/completions', CHAT)).text()
    expect(captures.all).toEqual([])
    expect({ bytes: captures.bytes, told }).toEqual({ bytes: 0, told: [] })
  })

  it('are requests with a body, but none about captures', async () => {
    const { post, get, captures } = capturing({ capture: 'all' })
    await get('/v1/models')
    await post('/v1/captures', { capture: 'all' })
    expect(captures.all).toEqual([])
  })

  it('are the next ones', async () => {
    const { post, captures, told } = capturing({ capture: 'next=2' })
    for (let times = 0; times < 3; times++) await (await post('/v1/chat/completions', CHAT)).text()
    expect(captures.count).toBe(2)
    expect(captures.rule).toBe('off')
    expect(told).toEqual([
      expect.stringContaining('capturing is on (next=2)'),
      expect.stringContaining('capturing is off'),
    ])
  })

  it('are those of one key, in which no key appears', async () => {
    const keys = { ann: 'sk-ann-0123456789', bob: 'sk-bob-0123456789' }
    const { post, captures, recorded } = capturing({
      capture: 'key=ann',
      keys: [
        { name: 'ann', hash: await hashKey(keys.ann) },
        { name: 'bob', hash: await hashKey(keys.bob) },
      ],
    })
    const leaking = { ...CHAT, messages: [{ role: 'user', content: `my key is ${keys.ann}` }] }
    for (const headers of [
      { authorization: `Bearer ${keys.ann}` },
      { 'x-api-key': keys.ann },
      { authorization: `Bearer ${keys.bob}` },
      { authorization: 'Bearer sk-unknown' },
    ]) {
      await (await post('/v1/chat/completions', leaking, headers as never)).text()
    }
    expect(captures.all.map(({ summary }) => summary.key)).toEqual(['ann', 'ann'])
    for (const side of ['client', 'engine'] as const) {
      expect(recorded(side).text).not.toContain('0123456789')
      expect(recorded(side).request.body).toContain(`my key is ${'*'.repeat(keys.ann.length)}`)
    }
  })

  it('never shows a key in a URL, which is refused', async () => {
    const keys = [{ name: 'ann', hash: await hashKey('sk-ann-0123456789') }]
    const { post, recorded } = capturing({ capture: 'all', keys })
    expect((await post('/v1/chat/completions?api_key=sk-ann-0123456789', CHAT)).status).toBe(401)
    expect(recorded().request.url).toBe('http://localhost/v1/chat/completions?api_key=***')
    expect(recorded().text).not.toContain('0123456789')
  })

  it('are those that one engine was asked for, also if another one answered', async () => {
    const fetch = upstream((_, url) => {
      if (url.includes('10.0.0.1')) return Response.json({ error: 'no' }, { status: 500 })
      return streamOf(STREAM)
    })
    const given = {
      upstream: ['bad=http://10.0.0.1/v1', 'good=http://10.0.0.2/v1'],
      upstreamKey: [],
    }
    const bad = capturing({ ...given, capture: 'engine=bad' }, fetch)
    for (let times = 0; times < 3; times++)
      await (await bad.post('/v1/chat/completions', CHAT)).text()
    expect(bad.captures.count).toBeGreaterThan(0)
    expect(bad.captures.all[0]?.summary.engine).toBe('good')
    expect(textOf(bad.recorded('engine').packets)).toBe(STREAM.join(''))
    const other = capturing({ ...given, capture: 'engine=other' }, fetch)
    await (await other.post('/v1/chat/completions', CHAT)).text()
    expect({ count: other.captures.count, bytes: other.captures.bytes }).toEqual({
      count: 0,
      bytes: 0,
    })
  })

  it('changes when the settings do, and not when they are read again', async () => {
    const { post, captures, telemetry, told } = capturing({ capture: 'off' })
    expect((await post('/v1/captures', { capture: 'all' })).status).toBe(200)
    capturing({ capture: 'off' }, undefined, { telemetry })
    expect(captures.rule).toBe('all')
    capturing({ capture: 'next=5' }, undefined, { telemetry })
    expect(captures.rule).toBe('next=5')
    capturing({ capture: 'off' }, undefined, { telemetry })
    expect(captures.rule).toBe('off')
    expect(told.map((line) => /capturing is (\w+)/.exec(line)?.[1])).toEqual(['on', 'on', 'off'])
  })

  it('is refused for a key or an engine that there is not, with the names that there are', async () => {
    const { post } = capturing({
      keys: [{ name: 'ann', hash: await hashKey('sk-ann-0123456789'), admin: true }],
    })
    const headers = { authorization: 'Bearer sk-ann-0123456789' }
    const change = async (capture: string) => {
      const response = await post('/v1/captures', { capture }, headers)
      return `${response.status} ${await response.text()}`
    }
    expect(await change('key=anne')).toContain(
      '400 {"error":{"message":"capture: expected key= with the name of a configured key (ann), got \\"anne\\"',
    )
    expect(await change('engine=gpu2')).toContain(
      '400 {"error":{"message":"capture: expected engine= with the label of an engine (gpu, static), got \\"gpu2\\"',
    )
    expect(await change('key=ann')).toMatch(/^200 /)
    expect(await change('engine=gpu')).toMatch(/^200 /)
  })

  it('is refused at the start for a key that there is not, and told of an engine that there is not', async () => {
    const keys = [{ name: 'ann', hash: await hashKey('sk-ann-0123456789'), admin: true }]
    expect(() => capturing({ keys, capture: 'key=anne' })).toThrow(
      'capture: expected key= with the name of a configured key (ann), got "anne"; name a key that there is',
    )
    expect(() => capturing({ capture: 'key=ann' })).toThrow('(there are none), got "ann"')
    const host = { authenticate: () => ({ name: 'ann', admin: true }) }
    expect(capturing({ capture: 'key=bob' }, undefined, host).captures.rule).toBe('key=bob')
    const { told, captures } = capturing({ keys, capture: 'engine=gpu2' })
    expect(captures.rule).toBe('engine=gpu2')
    expect(told.at(-1)).toBe(
      'capture: expected engine= with the label of an engine (gpu, static), got "gpu2"; nothing is captured until there is one.',
    )
    expect(capturing({ keys, capture: 'engine=gpu' }).told).toHaveLength(1)
  })

  it('may name any key where the program knows the callers, and none where there are none', async () => {
    const own = capturing({}, undefined, { authenticate: () => ({ name: 'ann', admin: true }) })
    expect((await own.post('/v1/captures', { capture: 'key=bob' })).status).toBe(200)
    const none = await capturing({}).post('/v1/captures', { capture: 'key=bob' })
    expect(`${none.status} ${await none.text()}`).toMatch(
      /^400 .*configured key \(there are none\)/,
    )
  })

  it.each(['', 'on', 'next=0', 'next=x', 'key=', 'engine', 1, null, undefined])(
    'is never %j',
    async (capture) => {
      const { post, captures } = capturing({})
      const response = await post('/v1/captures', { capture })
      expect(response.status).toBe(400)
      expect(await response.text()).toContain('capture: expected off, all, key=NAME')
      expect(captures.rule).toBe('off')
    },
  )
})
