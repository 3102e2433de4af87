import OpenAI, { toFile } from 'openai'
import { describe, expect, it } from 'vitest'
import { PASS_PATHS, SOUND } from '../support/pass-through.ts'
import { asked, eventsOf, FORM_PATHS, JSON_BODIES, postForm, postJson } from '../support/passing.ts'
import { logOf, type Relay, useRelay } from '../support/relay.ts'
import type { HostName } from '../support/server.ts'

/** APIs that are forwarded to a server that understands them. */
export function passThrough(host: HostName): void {
  const relay = useRelay(host, { upstream: { passes: PASS_PATHS } })
  describe('JSON', () => bodies(relay))
  describe('forms', () => forms(relay))
  describe('streams', () => streams(relay))
  describe('the openai SDK', () => sdk(relay))
  describe('other names', () => renamed(host))
}

function bodies(relay: Relay): void {
  it.each(Object.entries(JSON_BODIES))('of %s is forwarded byte for byte', async (path, body) => {
    // White space, an exact integer and an unknown field must not change.
    const sent = JSON.stringify({ model: 'm', ...body, own: 1 }, null, 1).replace(
      '"own": 1',
      '"own":  1.50, "seed": 9007199254740993',
    )
    const response = await postJson(relay.server.url + path, sent)
    const received = Buffer.from(await response.arrayBuffer())
    expect(response.status, received.toString()).toBe(200)
    expect(response.headers.get('x-content-type-options')).toBe('nosniff')
    expect(response.headers.get('x-request-id')).toMatch(/^[\w-]{8,}$/)
    const last = asked(relay.upstream.requests, path).at(-1)
    expect(last?.bytes.toString()).toBe(sent)
    expect(last?.headers['content-type']).toBe('application/json')
    expect(last?.headers.authorization).toBeUndefined()
    const entry = await logOf(relay.server, response)
    expect(entry).toMatchObject({ path, status: 200, engine: 'gpu', model: 'm' })
  })

  it('is answered as the server did, with its counts in the log', async () => {
    const { url } = relay.server
    const response = await postJson(`${url}/v1/rerank`, { model: 'm', query: 'a', documents: [] })
    expect(response.headers.get('content-type')).toBe('application/json')
    expect(await response.json()).toMatchObject({ results: [{ index: 1 }, { index: 0 }] })
    expect(await logOf(relay.server, response)).toMatchObject({ outcome: 'ok', promptTokens: 12 })
  })

  it('keeps the status and the type of a success', async () => {
    const headers = { 'content-type': 'application/json; charset=utf-8', 'set-cookie': 'a=b' }
    const script = { status: 201, headers, steps: [{ send: '{"a": 1.0}' }] }
    const response = await postJson(`${relay.server.url}/v1/moderations`, { model: 'm', script })
    expect(response.status).toBe(201)
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8')
    expect(response.headers.get('set-cookie')).toBeNull()
    expect(await response.text()).toBe('{"a": 1.0}')
  })

  it.each([204, 205])('has no body with status %i, whatever its type', async (status) => {
    const script = { status, headers: { 'content-type': 'audio/mpeg' }, steps: [] }
    const body = { model: 'm', input: 'a', script }
    const response = await postJson(`${relay.server.url}/v1/audio/speech`, body)
    expect(response.status).toBe(status)
    expect(await response.text()).toBe('')
  })

  it('goes to the only server where it names no model', async () => {
    const response = await postJson(`${relay.server.url}/tokenize`, { content: 'Water' })
    expect(await response.json()).toEqual({ tokens: [1, 2, 3] })
    const { body } = asked(relay.upstream.requests, '/tokenize').at(-1) ?? {}
    expect(body).toEqual({ content: 'Water' })
  })

  it('may be sound, in the order and the number of its bytes', async () => {
    const body = { model: 'm', ...JSON_BODIES['/v1/audio/speech'] }
    const response = await postJson(`${relay.server.url}/v1/audio/speech`, body)
    expect(response.headers.get('content-type')).toBe('audio/mpeg')
    expect(Buffer.from(await response.arrayBuffer()).equals(SOUND)).toBe(true)
    const entry = await logOf(relay.server, response)
    expect(entry).toMatchObject({ outcome: 'finished', engine: 'gpu' })
  })
}

function forms(relay: Relay): void {
  it.each(FORM_PATHS)('of %s are forwarded byte for byte', async (path) => {
    const response = await postForm(relay.server.url + path, { model: 'm', prompt: 'größer' })
    expect(response.status, await response.clone().text()).toBe(200)
    expect(await response.json()).toMatchObject({ text: 'Water finds its way.' })
    const { bytes, headers } = asked(relay.upstream.requests, path).at(-1) ?? {}
    expect(headers?.['content-type']).toMatch(/^multipart\/form-data; boundary=/)
    const read = await new Response(bytes as never, { headers: headers as never }).formData()
    expect(read.get('prompt')).toBe('größer')
    const file = read.get('file') as File
    expect(file.name).toBe('water.mp3')
    expect(Buffer.from(await file.arrayBuffer()).equals(SOUND)).toBe(true)
    const entry = await logOf(relay.server, response)
    expect(entry).toMatchObject({ engine: 'gpu', model: 'm', tokens: 6, promptTokens: 14 })
  })

  it('are answered with text where that was asked for', async () => {
    const url = `${relay.server.url}/v1/audio/transcriptions`
    const response = await postForm(url, { model: 'm', response_format: 'text' })
    expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8')
    expect(await response.text()).toBe('Water finds its way.')
  })
}

function streams(relay: Relay): void {
  it('of sound as events come whole, with their counts in the log', async () => {
    const body = { model: 'm', input: 'Water', stream_format: 'sse' }
    const response = await postJson(`${relay.server.url}/v1/audio/speech`, body)
    expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/)
    expect(response.headers.get('x-accel-buffering')).toBe('no')
    const events = eventsOf(await response.text()) as { type: string; audio?: string }[]
    expect(events.map(({ type }) => type)).toEqual([
      ...['speech.audio.delta', 'speech.audio.delta', 'speech.audio.done'],
    ])
    const sound = Buffer.concat(events.map(({ audio = '' }) => Buffer.from(audio, 'base64')))
    expect(sound.equals(SOUND)).toBe(true)
    const entry = await logOf(relay.server, response)
    expect(entry).toMatchObject({ outcome: 'finished', tokens: 30, promptTokens: 4 })
  })

  it.each([
    ['/v1/images/generations', { prompt: 'Water', stream: true }, 2],
    ['/infill', { input_prefix: 'a', input_suffix: 'b', stream: true }, 3],
  ])('of %s come as they are', async (path, body, count) => {
    const response = await postJson(relay.server.url + path, { model: 'm', ...body })
    expect(eventsOf(await response.text())).toHaveLength(count)
    expect(await logOf(relay.server, response)).toMatchObject({ outcome: 'finished' })
  })

  it('of text are events too', async () => {
    const text = 'data: Water\n\ndata:\n\ndata: 1\ndata: 00:00:00,000 --> 00:00:01,000\n\n'
    const script = { headers: { 'content-type': 'text/event-stream' }, steps: [{ send: text }] }
    const url = `${relay.server.url}/v1/audio/transcriptions`
    const response = await postForm(url, { model: 'm', script: JSON.stringify(script) })
    expect(await response.text()).toBe(text)
    expect(await logOf(relay.server, response)).toMatchObject({ outcome: 'finished' })
  })

  it('are those of a form too', async () => {
    const url = `${relay.server.url}/v1/audio/transcriptions`
    const response = await postForm(url, { model: 'm', stream: 'true' })
    expect(eventsOf(await response.text())).toHaveLength(3)
    expect(await logOf(relay.server, response)).toMatchObject({ tokens: 6, promptTokens: 14 })
  })

  it('come in whole events, however the server cuts them', async () => {
    const text =
      'event: a\r\ndata: {"type":"a","text":"ü"}\r\n\r\ndata: {"type":"b"}\n\ndata: [DONE]\n\n'
    const headers = { 'content-type': 'text/event-stream' }
    const script = { headers, steps: [{ split: 3, text }] }
    const body = { model: 'm', input: 'a', script }
    const response = await postJson(`${relay.server.url}/v1/audio/speech`, body)
    expect(await response.text()).toBe(text)
  })
}

function sdk(relay: Relay): void {
  const client = () =>
    new OpenAI({ apiKey: 'none', baseURL: relay.server.base, maxRetries: 0, timeout: 10_000 })

  it('hears, speaks, draws and judges', async () => {
    const file = await toFile(SOUND, 'water.mp3')
    const heard = await client().audio.transcriptions.create({ model: 'm', file })
    expect(heard.text).toBe('Water finds its way.')
    const spoken = await client().audio.speech.create({ model: 'm', voice: 'alloy', input: 'a' })
    const parts: Uint8Array[] = []
    for await (const part of spoken.body as unknown as AsyncIterable<Uint8Array>) parts.push(part)
    expect(Buffer.concat(parts).equals(SOUND)).toBe(true)
    const drawn = await client().images.generate({ model: 'm', prompt: 'Water' })
    expect(drawn.data?.[0]?.b64_json).toBe(SOUND.toString('base64'))
    const judged = await client().moderations.create({ model: 'm', input: 'Water' })
    expect(judged.results[0]?.flagged).toBe(false)
  })

  it('reads streams of words and of images', async () => {
    const file = await toFile(SOUND, 'water.mp3')
    const words = await client().audio.transcriptions.create({ model: 'm', file, stream: true })
    const heard: string[] = []
    for await (const event of words) heard.push(event.type)
    expect(heard.at(-1)).toBe('transcript.text.done')
    const images = await client().images.generate({ model: 'm', prompt: 'Water', stream: true })
    const drawn: string[] = []
    for await (const event of images) drawn.push(event.type)
    expect(drawn).toEqual(['image_generation.partial_image', 'image_generation.completed'])
  })
}

/** A model that has another name at its server. */
function renamed(host: HostName): void {
  const relay = useRelay(host, {
    flags: ['--alias', 'ears=m'],
    upstream: { passes: PASS_PATHS },
  })

  it('are written into JSON, where nothing else changes', async () => {
    const sent = '{ "documents": ["\\"model\\": 1"], "query":"a",  "model" : "ears", "top_n": 1.0 }'
    const response = await postJson(`${relay.server.url}/v1/rerank`, sent)
    expect(response.status, await response.text()).toBe(200)
    const { bytes } = asked(relay.upstream.requests, '/v1/rerank').at(-1) ?? {}
    expect(bytes?.toString()).toBe(sent.replace('"ears"', '"m"'))
  })

  it('are written into a form, where nothing else changes', async () => {
    const url = `${relay.server.url}/v1/audio/transcriptions`
    const response = await postForm(url, { language: 'en', model: 'ears', prompt: 'model' })
    expect(response.status, await response.text()).toBe(200)
    const { bytes, headers } =
      asked(relay.upstream.requests, '/v1/audio/transcriptions').at(-1) ?? {}
    const read = await new Response(bytes as never, { headers: headers as never }).formData()
    const fields = ['language', 'model', 'prompt'].map((name) => read.get(name))
    expect(fields).toEqual(['en', 'm', 'model'])
    const file = read.get('file') as File
    expect(Buffer.from(await file.arrayBuffer()).equals(SOUND)).toBe(true)
  })
}
