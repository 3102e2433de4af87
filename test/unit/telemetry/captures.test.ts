import { describe, expect, it } from 'vitest'
import { checkStream } from '../../../src/check/check-stream.ts'
import type { Fetch } from '../../../src/platform/fetch.ts'
import { replayHandler } from '../../../src/recording/replay-server.ts'
import {
  ADDRESS,
  CHAT,
  COMPLETION,
  capturing,
  STREAM,
  streamOf,
  textOf,
  UPSTREAM_KEY,
  upstream,
} from './captures-asking.ts'

describe('a captured stream', () => {
  it('is a recording of what the client sent and got', async () => {
    const { post, captures, recorded } = capturing({ capture: 'all' })
    const response = await post('/v1/chat/completions?x=1', CHAT, { 'user-agent': 'test/1' })
    const client = await response.text()
    const { request, packets, end, by, response: head } = recorded()
    expect(request).toMatchObject({
      method: 'POST',
      url: 'http://localhost/v1/chat/completions?x=1',
      headers: { 'user-agent': 'test/1' },
      body: JSON.stringify(CHAT),
    })
    expect(textOf(packets)).toBe(client)
    expect(head).toMatchObject({ status: 200, headers: [...response.headers] })
    expect(end).toMatchObject({ how: 'end' })
    expect(by).toBe('sluice 0 on test')
    expect(captures.all[0]?.summary).toMatchObject({
      id: `cap_${response.headers.get('x-request-id')}`,
      request_id: response.headers.get('x-request-id'),
      api: '/v1/chat/completions',
      model: 'm',
      engine: 'gpu',
      key: null,
      outcome: 'finished',
      complete: true,
    })
  })

  it('has what the engine was sent and sent, without its address and key', async () => {
    const { post, recorded } = capturing(
      { capture: 'all' },
      upstream(() => {
        const said = `: ${ADDRESS} has ${UPSTREAM_KEY}\n\n`
        return streamOf([said.slice(0, 20), said.slice(20), ...STREAM])
      }),
    )
    await (await post('/v1/messages', { ...CHAT, max_tokens: 5 })).text()
    const { request, packets, text, response, end } = recorded('engine')
    expect(request.url).toBe('http://engine.invalid/v1/chat/completions')
    expect(request.headers.authorization).toBe('***')
    expect(JSON.parse(request.body ?? '')).toMatchObject({ model: 'm', stream: true })
    expect(response).toMatchObject({
      status: 200,
      headers: [['content-type', 'text/event-stream']],
    })
    const stars = (secret: string) => '*'.repeat(secret.length)
    const said = `: ${stars(ADDRESS)} has ${stars(UPSTREAM_KEY)}\n\n`
    expect(textOf(packets)).toBe(said + STREAM.join(''))
    expect(end.how).toBe('end')
    expect(text).not.toContain(ADDRESS)
    expect(text).not.toContain(UPSTREAM_KEY)
  })

  it.each(['client', 'engine'] as const)('can be replayed and checked: %s', async (side) => {
    const { post, recorded } = capturing({ capture: 'all' })
    const client = await (await post('/v1/chat/completions', CHAT)).text()
    const recording = recorded(side)
    const request = new Request('http://localhost:1/v1/chat/completions', {
      method: 'POST',
      body: JSON.stringify(CHAT),
    })
    const replayed = await replayHandler([recording], { speed: 0 })(request)
    expect(await replayed.text()).toBe(client)
    expect(checkStream(recorded('client')).map(({ rule }) => rule)).toEqual([])
  })

  it('is the same for its client as one that is not captured', async () => {
    const plain = await capturing({}).post('/v1/chat/completions', CHAT)
    const captured = await capturing({ capture: 'all' }).post('/v1/chat/completions', CHAT)
    expect(await captured.text()).toBe(await plain.text())
    const names = (response: Response) => [...response.headers].map(([name]) => name)
    expect(names(captured)).toEqual(names(plain))
  })

  it('that fails ends with its error, and the engine’s side is broken', async () => {
    const { post, recorded, captures } = capturing(
      { capture: 'all', retry: false },
      upstream(() => {
        let sent = 0
        const body = new ReadableStream({
          pull(controller) {
            if (sent++ === 0) controller.enqueue(new TextEncoder().encode(STREAM[0]))
            else controller.error(new Error('reset'))
          },
        })
        return new Response(body, { headers: { 'content-type': 'text/event-stream' } })
      }),
    )
    const client = await (await post('/v1/chat/completions', CHAT)).text()
    expect(client).toContain('upstream_truncated')
    expect(textOf(recorded().packets)).toBe(client)
    expect(recorded().end.how).toBe('end')
    expect(recorded('engine').end).toMatchObject({ how: 'broken' })
    expect(textOf(recorded('engine').packets)).toBe(STREAM[0])
    expect(captures.all[0]?.summary).toMatchObject({ outcome: 'failed', complete: true })
  })

  it('that breaks the contract says that sluice read no further', async () => {
    const bad = upstream(() => streamOf([STREAM[0] ?? '', 'data: {"a":\n\n', ...STREAM.slice(1)]))
    const { post, recorded } = capturing({ capture: 'all', retry: false }, bad)
    await (await post('/v1/chat/completions', CHAT)).text()
    expect(recorded('engine').end).toMatchObject({
      how: 'stopped',
      why: expect.stringContaining('sluice read no further'),
    })
  })

  it('keeps its own copy of bytes whose memory is used again', async () => {
    const memory = new Uint8Array(4_096)
    const parts = [...STREAM]
    const read = async () => {
      const next = parts.shift()
      if (next === undefined) return { done: true as const }
      const { written } = new TextEncoder().encodeInto(next, memory)
      return { done: false as const, value: memory.subarray(0, written) }
    }
    const reusing: Fetch = async (url) => {
      if (url.endsWith('/models')) return Response.json({ data: [{ id: 'm' }] })
      const body = { getReader: () => ({ read, cancel: async () => {} }), cancel: async () => {} }
      const headers = new Headers({ 'content-type': 'text/event-stream' })
      return { status: 200, ok: true, headers, body }
    }
    const { post, recorded } = capturing({ capture: 'all' }, reusing)
    await (await post('/v1/messages', { ...CHAT, max_tokens: 5 })).text()
    expect(textOf(recorded('engine').packets)).toBe(STREAM.join(''))
  })

  it('that the client leaves is stopped', async () => {
    const open = upstream(() => {
      const body = new ReadableStream({
        start: (controller) => controller.enqueue(new TextEncoder().encode(STREAM[0])),
      })
      return new Response(body, { headers: { 'content-type': 'text/event-stream' } })
    })
    const { post, recorded, captures } = capturing({ capture: 'all' }, open)
    const response = await post('/v1/chat/completions', CHAT)
    const reader = response.body?.getReader()
    await reader?.read()
    const [running] = captures.all
    expect(running?.summary).toMatchObject({ outcome: null, complete: false })
    expect(recorded().end).toMatchObject({ how: 'stopped', why: 'the request has not ended yet' })
    await reader?.cancel()
    await new Promise((resolve) => setTimeout(resolve, 10))
    expect(recorded().end).toMatchObject({ how: 'stopped', why: 'the client left' })
    expect(recorded('engine').end).toMatchObject({ how: 'stopped', why: 'the client left' })
    expect(captures.all[0]?.summary).toMatchObject({ outcome: 'cancelled', complete: true })
  })
})

describe('a captured stream that an admin stops', () => {
  it('ends with the error that its client gets', async () => {
    const open = upstream(() => {
      const body = new ReadableStream({
        start: (controller) => controller.enqueue(new TextEncoder().encode(STREAM[0])),
      })
      return new Response(body, { headers: { 'content-type': 'text/event-stream' } })
    })
    const { post, recorded, captures } = capturing({ capture: 'all' }, open)
    const response = await post('/v1/chat/completions', CHAT)
    const id = response.headers.get('x-request-id')
    expect((await post(`/v1/activity/${id}/cancel`, {})).status).toBe(200)
    const client = await response.text()
    expect(client).toContain('request_stopped')
    expect(textOf(recorded().packets)).toBe(client)
    expect(recorded().end.how).toBe('end')
    expect(recorded('engine').end).toMatchObject({ how: 'stopped' })
    expect(captures.all[0]?.summary.outcome).toBe('cancelled')
  })
})

describe('other answers', () => {
  it('are captured where they are complete', async () => {
    const { post, recorded } = capturing(
      { capture: 'all' },
      upstream(() => Response.json(COMPLETION)),
    )
    const client = await (await post('/v1/chat/completions', { ...CHAT, stream: false })).text()
    expect(textOf(recorded().packets)).toBe(client)
    expect(JSON.parse(textOf(recorded('engine').packets))).toEqual(COMPLETION)
  })

  it.each([
    ['JSON that is none', '/v1/chat/completions', '{"model":', 400],
    ['a field that is wrong', '/v1/chat/completions', '{"model":"m","messages":1}', 400],
    ['a path that is not there', '/chat/completions', JSON.stringify(CHAT), 404],
    ['a field in another API', '/v1/messages', '{"model":"m"}', 400],
  ])('are captured where they refuse %s', async (_, path, body, status) => {
    const { post, recorded, captures } = capturing({ capture: 'all' })
    const response = await post(path, body)
    expect(response.status).toBe(status)
    const { packets, request, response: head, end } = recorded()
    expect(textOf(packets)).toBe(await response.text())
    expect(head?.status).toBe(status)
    expect(end.how).toBe('end')
    if (path !== '/chat/completions') expect(request.body).toBe(body)
    expect(captures.all[0]?.summary.outcome).toBe('refused')
  })

  it('are captured as the engine refused them', async () => {
    const refusal = {
      error: { message: `too long for ${ADDRESS}`, code: 'context_length_exceeded' },
    }
    const refusing = upstream(() => Response.json(refusal, { status: 413 }))
    const { post, recorded } = capturing({ capture: 'all' }, refusing)
    const response = await post('/v1/chat/completions', CHAT)
    expect(response.status).toBe(413)
    expect(recorded('engine').response?.status).toBe(413)
    expect(recorded('engine').end.how).toBe('end')
    expect(textOf(recorded('engine').packets)).toContain('too long for *')
  })

  it('are captured where nobody is at the address', async () => {
    const nobody = upstream(() => Promise.reject(new TypeError('connection refused')))
    const { post, recorded } = capturing({ capture: 'all', retry: false }, nobody)
    expect((await post('/v1/chat/completions', CHAT)).status).toBe(502)
    const { response, end, packets } = recorded('engine')
    expect({ response, how: end.how, packets }).toEqual({ how: 'broken', packets: [] })
    expect(end.why).not.toContain(ADDRESS)
  })

  it('are captured as bytes where they are forwarded, and so is a form', async () => {
    const sound = new Uint8Array([0, 255, 254, 1])
    const { post, recorded } = capturing(
      { capture: 'all' },
      upstream(() => streamOf([sound], 'audio/mpeg')),
    )
    const speech = await post('/v1/audio/speech', { model: 'm', input: 'a', voice: 'v' })
    expect(new Uint8Array(await speech.arrayBuffer())).toEqual(sound)
    expect(Buffer.concat(recorded().packets.map(({ bytes }) => bytes))).toEqual(Buffer.from(sound))

    const form = Buffer.concat([
      Buffer.from('--b\r\ncontent-disposition: form-data; name="model"\r\n\r\nm\r\n'),
      Buffer.from('--b\r\ncontent-disposition: form-data; name="file"; filename="a"\r\n\r\n'),
      Buffer.from([0xff, 0xfe, 0x00]),
      Buffer.from('\r\n--b--\r\n'),
    ])
    const type = { 'content-type': 'multipart/form-data; boundary=b' }
    await (await post('/v1/audio/transcriptions', new Uint8Array(form), type)).text()
    expect(Buffer.from(recorded().request.bytes ?? [])).toEqual(form)
    expect(recorded().request.body).toBeUndefined()
  })

  it('have no engine’s side where the engine has no bytes', async () => {
    const { post, captures, get } = capturing({ capture: 'all', upstream: [], upstreamKey: [] })
    await (await post('/v1/chat/completions', { ...CHAT, model: 'static' })).text()
    expect(captures.all[0]?.engine).toBeUndefined()
    const response = await get(`/v1/captures/${captures.all[0]?.id}?side=engine`)
    expect(response.status).toBe(404)
    expect(await response.text()).toContain('static was not asked over HTTP')
  })
})
