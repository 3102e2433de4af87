import { describe, expect, it } from 'vitest'
import { readJsonBody, readParsedBody } from '../../../src/guard/body.ts'
import type { ApiError } from '../../../src/wire/errors/api-error.ts'
import { Cancelled } from '../../../src/wire/errors/cancelled.ts'

type Body = ReadableStream<Uint8Array>

function post(body: Body | string, headers: Record<string, string> = {}): Request {
  return new Request('http://sluice/', {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
    ...(typeof body !== 'string' && { duplex: 'half' }),
  })
}

/** A space every few milliseconds, for ever. */
function drip(onCancel: () => void): Body {
  return new ReadableStream({
    async pull(control) {
      await new Promise((resolve) => setTimeout(resolve, 5))
      control.enqueue(new TextEncoder().encode(' '))
    },
    cancel: onCancel,
  })
}

/** What happened while so many bodies were read at once: `b` for each, `.` for a turn between them. */
async function orderOf(count: number, content: string, type = 'json'): Promise<string> {
  let order = ''
  let turn = setImmediate(function mark() {
    order += '.'
    turn = setImmediate(mark)
  })
  const text = JSON.stringify({ content })
  const bodies = Array.from({ length: count }, async () => {
    const request = post(text, { 'content-length': String(text.length) })
    if (type === 'json') await readJsonBody(request, 1e6, 5_000)
    else await readParsedBody(request, { type: 'application/json', advice: '' }, 1e6, 5_000, String)
    order += 'b'
  })
  await Promise.all(bodies)
  clearImmediate(turn)
  return order
}

describe('a body', () => {
  it('that comes in time is read', async () => {
    expect(await readJsonBody(post('{"a":1}'), 100, 1_000)).toEqual({ a: 1 })
  })

  it('that takes too long is refused with 408, and read no more', async () => {
    let isCancelled = false
    const body = drip(() => {
      isCancelled = true
    })
    await expect(readJsonBody(post(body), 1e6, 60)).rejects.toMatchObject({
      status: 408,
      code: 'request_timeout',
      message: expect.stringContaining('within 0.06 s'),
      headers: { connection: 'close' },
    })
    await expect.poll(() => isCancelled).toBe(true)
  })

  it('that takes too long though its length is known is refused the same', async () => {
    const request = post(
      drip(() => {}),
      { 'content-length': '500' },
    )
    await expect(readJsonBody(request, 1e6, 60)).rejects.toMatchObject({ status: 408 })
  })

  it('that breaks off is the client’s leaving', async () => {
    const body: Body = new ReadableStream({
      pull: (control) => control.error(new Error('reset')),
    })
    await expect(readJsonBody(post(body), 1e6, 1_000)).rejects.toBeInstanceOf(Cancelled)
  })

  it('of another type waits for its turn too', async () => {
    const order = await orderOf(5, 'x'.repeat(300_000), 'form')
    expect(order.match(/b/g)).toHaveLength(5)
    expect(order).not.toContain('bb')
  })

  it('is parsed in a later turn of the event loop than others of its size', async () => {
    const order = await orderOf(40, 'x'.repeat(200_000))
    expect(order).not.toMatch(/bbb/)
    expect(order.replaceAll('.', '')).toHaveLength(40)
  })

  it('of megabytes lets others have many turns while it is parsed, and is none the worse for it', async () => {
    const content = Array.from({ length: 60 }, (_, at) => ({ text: `${at} "é"\n`.repeat(10_000) }))
    const text = JSON.stringify({ content, n: 1 })
    let turns = 0
    const mark = () => {
      turns++
      turn = setImmediate(mark)
    }
    let turn = setImmediate(mark)
    const value = await readJsonBody(post(text, { 'content-length': '4000000' }), 2e7, 5_000)
    clearImmediate(turn)
    expect(JSON.stringify(value)).toBe(text)
    expect(turns).toBeGreaterThan(5)
  })

  it.each([
    ['no JSON', (text: string) => text.replace('"z"', '"z'), 'does not parse as JSON: "{\\"a\\":'],
    ['no UTF-8', (text: string) => text.replace('z', '\xff'), 'body: expected UTF-8'],
    [
      'of a key that came before',
      (text: string) => `${text.slice(0, -1)},"model":1}`,
      'model: expected once',
    ],
    ['nested too deep', (text: string) => text.replace('"z"', '['.repeat(70)), 'at most 64 levels'],
  ])('of megabytes is refused as a small one where it is %s', async (_, change, message) => {
    const refusal = async (size: number) => {
      const text = `{"a":"${'x'.repeat(size)}","b":["${'y'.repeat(size)}","z"],"model":"m"}`
      const request = new Request('http://sluice/', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: Buffer.from(change(text), 'latin1'),
      })
      const error = await readJsonBody(request, 2e7, 5_000).catch((thrown: unknown) => thrown)
      const { status, message: told, param } = error as ApiError
      return { status, told, param }
    }
    const large = await refusal(400_000)
    expect(large).toMatchObject({ status: 400, told: expect.stringContaining(message) })
    expect(large).toEqual(await refusal(100))
  })

  it('that is small does not wait for others', async () => {
    const order = await orderOf(100, 'x'.repeat(10_000))
    expect(order).toMatch(/b{10}/)
  })

  it('leaves no timer behind', async () => {
    const before = process.getActiveResourcesInfo().filter((each) => each === 'Timeout').length
    await readJsonBody(post('{}'), 100, 60_000)
    const after = process.getActiveResourcesInfo().filter((each) => each === 'Timeout').length
    expect(after).toBeLessThanOrEqual(before)
  })
})
