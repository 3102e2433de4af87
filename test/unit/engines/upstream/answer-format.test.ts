import { describe, expect, it } from 'vitest'
import { detectFormat } from '../../../../src/engines/upstream/answer-format.ts'
import { ResponseBody } from '../../../../src/transport/http1/response-body.ts'

const EVENTS = 'data: {"a":1}\n\ndata: [DONE]\n\n'

/** An answer whose body comes in these packets. */
function answer(type: string | undefined, ...packets: (string | Error)[]): Response {
  const body = new ReadableStream({
    pull(controller) {
      const packet = packets.shift()
      if (packet === undefined) controller.close()
      else if (packet instanceof Error) controller.error(packet)
      else controller.enqueue(new TextEncoder().encode(packet))
    },
  })
  return new Response(body, { headers: type === undefined ? {} : { 'content-type': type } })
}

async function read(response: { body: unknown }): Promise<string> {
  const { body } = response as Response
  const reader = (body as ReadableStream<Uint8Array>).getReader()
  let text = ''
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    text += new TextDecoder('utf-8', { ignoreBOM: true }).decode(part.value)
  }
  return text
}

describe('the form of an answer', () => {
  it.each([
    ['text/event-stream; charset=utf-8', EVENTS, true, 'events', false],
    ['text/event-stream', EVENTS, false, 'events', false],
    ['application/json', '{"a":1}', false, 'json', false],
    ['application/json', '{"a":1}', true, 'json', false],
    ['application/json', EVENTS, true, 'events', true],
    ['text/plain', EVENTS, true, 'events', true],
    ['text/html', `\n: hello\n\n${EVENTS}`, true, 'events', true],
    [undefined, `\ufeffevent: x\n${EVENTS}`, true, 'events', true],
    [undefined, EVENTS, false, 'events', true],
    ['text/plain', ' {"a":1}', false, 'json', true],
    [undefined, '{"error":"no"}', true, 'json', true],
    ['text/html', '<!doctype html><title>data: x</title>', true, 'other', true],
    ['text/plain', 'Internal Server Error', true, 'other', true],
    ['text/plain', 'database: down', true, 'other', true],
    ['text/plain', '', false, 'other', true],
  ])('called %s, with the bytes %j (a stream was asked for: %j), is %s', async (...given) => {
    const [type, body, streams, format, hasWrongType] = given
    for (const packets of [[body], [...body]]) {
      const found = await detectFormat(answer(type, ...packets), streams)
      expect(found).toMatchObject({ format, hasWrongType })
      expect(await read(found.response)).toBe(body)
    }
  })

  it('is known by the beginning of a stream, which is not waited for', async () => {
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
    const writer = writable.getWriter()
    void writer.write(new TextEncoder().encode('data: {'))
    const found = await detectFormat(new Response(readable), true)
    expect(found.format).toBe('events')
    const reader = found.response.body?.getReader()
    expect((await reader?.read())?.value).toHaveLength(7)
    await reader?.cancel()
    await expect(writer.closed).rejects.toBeUndefined()
  })

  it('is handed over packet by packet where the host can, the first ones too', async () => {
    const body = new ResponseBody({ pause() {}, resume() {}, discard() {} })
    const headers = new Headers()
    const finding = detectFormat({ status: 200, ok: true, headers, body }, true)
    const encoder = new TextEncoder()
    for (const text of ['da', 'ta: ', '{}\n']) body.push(encoder.encode(text))
    const { format, response } = await finding
    expect(format).toBe('events')
    const told: string[] = []
    const hold = Promise.withResolvers<void>()
    const reader = response.body?.getReader()
    const handing = reader?.forEachPacket?.((packet) => {
      told.push(new TextDecoder().decode(packet))
      return told.length === 1 ? hold.promise : undefined
    })
    expect(handing).toBeDefined()
    body.push(encoder.encode('\n'))
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect(told).toEqual(['da'])
    // Whoever takes a packet tells of its own failures.
    hold.reject(new Error('left'))
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect(told).toEqual(['da', 'ta: ', '{}\n', '\n'])
    body.push(encoder.encode('x'))
    expect(told.at(-1)).toBe('x')
    body.end()
    await expect(handing).resolves.toBeUndefined()
  })

  it.each([
    ['ends', undefined],
    ['breaks off', new Error('reset')],
  ])('is handed over to its end where it %s at once', async (_, error) => {
    const body = new ResponseBody({ pause() {}, resume() {}, discard() {} })
    body.push(new TextEncoder().encode('d'))
    if (error === undefined) body.end()
    else body.fail(error)
    const headers = new Headers()
    const { response } = await detectFormat({ status: 200, ok: true, headers, body }, true)
    const told: number[] = []
    const handing = response.body
      ?.getReader()
      .forEachPacket?.((packet) => void told.push(packet.length))
    if (error === undefined) await expect(handing).resolves.toBeUndefined()
    else await expect(handing).rejects.toBe(error)
    expect(told).toEqual([1])
  })

  it('is pulled where the host can do no better', async () => {
    const { response } = await detectFormat(answer('text/plain', EVENTS), true)
    expect(response.body?.getReader().forEachPacket).toBeUndefined()
  })

  it('leaves it to whoever reads on to tell that it broke off', async () => {
    const broken = answer('text/plain', new Error('reset'))
    const found = await detectFormat(broken, true)
    expect(found.format).toBe('events')
    await expect(read(found.response)).rejects.toThrow('reset')
  })
})
