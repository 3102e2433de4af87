import { connect, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { nodeBodyWriter } from '../../../../src/hosts/node/body-writer.ts'
import { listen } from '../../../../src/hosts/node/listen.ts'
import type { HttpServer } from '../../../../src/hosts/server/runtime.ts'
import type { BodyWriter } from '../../../../src/platform/body-writer.ts'
import { until } from '../../transport/http1/raw-server.ts'

let answer: (request: Request) => Promise<Response>
let listener: HttpServer
let client: Socket
let text = ''

beforeEach(async () => {
  text = ''
  listener = await listen({
    fetch: (request) => answer(request),
    port: 0,
    hostname: '127.0.0.1',
    tls: undefined,
    bodyTimeout: 5_000,
  })
  client = connect(listener.port, '127.0.0.1')
  client.on('error', () => {})
  client.on('data', (bytes) => {
    text += bytes.toString('latin1')
  })
})

afterEach(async () => {
  client.destroy()
  await listener.close()
})

const bytes = (content: string) => new TextEncoder().encode(content)
const get = (version = '1.1') => client.write(`GET / HTTP/${version}\r\nhost: a\r\n\r\n`)

/** Every answer is such a pipe. */
function answerByPipe(): BodyWriter[] {
  const pipes: BodyWriter[] = []
  answer = async () => {
    const pipe = nodeBodyWriter()
    pipes.push(pipe)
    return pipe.respond()
  }
  return pipes
}

async function nextPipe(pipes: BodyWriter[], count = 1): Promise<BodyWriter> {
  await until(() => pipes.length === count)
  return pipes[count - 1] as BodyWriter
}

describe('a pipe', () => {
  it('frames each piece, small or large, in the order in which they were written', async () => {
    const pipes = answerByPipe()
    get()
    const pipe = await nextPipe(pipes)
    const large = 'L'.repeat(20_000)
    for (const piece of ['first', 'second', large, 'third']) await pipe.write([bytes(piece)])
    await pipe.write([bytes('a'), bytes(large), bytes('b')])
    pipe.close()
    await until(() => text.endsWith('0\r\n\r\n'))
    const frame = (piece: string) => `${piece.length.toString(16)}\r\n${piece}\r\n`
    const framed = ['first', 'second', large, 'third', 'a', large, 'b'].map(frame).join('')
    expect(text.slice(text.indexOf('\r\n\r\n') + 4)).toBe(`${framed}0\r\n\r\n`)
    await pipe.closed
  })

  it('sends a small piece in one packet', async () => {
    const packets: string[] = []
    client.on('data', (packet) => packets.push(packet.toString()))
    const pipes = answerByPipe()
    get()
    const pipe = await nextPipe(pipes)
    await pipe.write([bytes('1')])
    await until(() => packets.length > 0)
    for (const piece of ['22', '333']) {
      const before = packets.length
      await pipe.write([bytes(piece)])
      await until(() => packets.length > before)
      expect(packets.slice(before)).toEqual([`${piece.length}\r\n${piece}\r\n`])
    }
    pipe.close()
  })

  it('writes nothing behind its end, where the next answer begins', async () => {
    const pipes = answerByPipe()
    get()
    const first = await nextPipe(pipes)
    await first.write([bytes('one')])
    await first.write([bytes('two')])
    first.close()
    void first.write([bytes('late')])
    await until(() => text.endsWith('0\r\n\r\n'))
    get()
    const second = await nextPipe(pipes, 2)
    await second.write([bytes('three')])
    void first.write([bytes('late')])
    await second.write([bytes('four')])
    second.close()
    await until(() => text.endsWith('four\r\n0\r\n\r\n'))
    expect(text).not.toContain('late')
  })

  it('frames nothing for a client that knows no chunks', async () => {
    const pipes = answerByPipe()
    get('1.0')
    const pipe = await nextPipe(pipes)
    await pipe.write([bytes('plain')])
    await pipe.write([bytes('er')])
    pipe.close()
    await until(() => client.closed || text.endsWith('plainer'))
    expect(text.slice(text.indexOf('\r\n\r\n') + 4)).toBe('plainer')
  })

  it('holds the writer back until the client reads', async () => {
    const pipes = answerByPipe()
    get()
    const pipe = await nextPipe(pipes)
    await pipe.write([bytes('begin')])
    await until(() => text.endsWith('begin\r\n'))
    client.pause()
    let wrote = 0
    let held: Promise<unknown> | undefined
    for (; held === undefined && wrote < 1e5; wrote++) held = pipe.write([bytes('x'.repeat(8_000))])
    expect(held).toBeDefined()
    client.resume()
    await held
    pipe.close()
    await until(() => text.endsWith('0\r\n\r\n'))
  })

  it('tells the writer that the client is gone', async () => {
    const pipes = answerByPipe()
    get()
    const pipe = await nextPipe(pipes)
    await pipe.write([bytes('begin')])
    client.destroy()
    await expect(pipe.closed).rejects.toThrow('the connection was closed')
    await expect(pipe.write([bytes('more')])).rejects.toThrow('the connection was closed')
  })

  it('tells it the writers of all answers that wait for an earlier one, of many', async () => {
    const warned = vi.spyOn(process, 'emitWarning')
    const pipes = answerByPipe()
    for (let count = 0; count < 20; count++) get()
    const last = await nextPipe(pipes, 20)
    await pipes[0]?.write([bytes('begin')])
    void last.write([bytes('waits')])
    client.destroy()
    const reasons = await Promise.all(pipes.map(({ closed }) => closed.catch(String)))
    expect(new Set(reasons)).toEqual(new Set(['Error: the connection was closed']))
    expect(warned).not.toHaveBeenCalled()
    warned.mockRestore()
  })

  it('tells it the writer of an answer that waited and is made too late', async () => {
    const late = Promise.withResolvers<Response>()
    const isLeft = Promise.withResolvers<void>()
    const pipe = nodeBodyWriter()
    answer = async ({ url, signal }) => {
      if (url.endsWith('/first')) return new Promise(() => {})
      signal.addEventListener('abort', () => isLeft.resolve())
      return late.promise
    }
    for (const path of ['first', 'second']) client.write(`GET /${path} HTTP/1.1\r\nhost: a\r\n\r\n`)
    await new Promise((resolve) => setTimeout(resolve, 50))
    client.destroy()
    await isLeft.promise
    late.resolve(pipe.respond())
    await expect(pipe.closed).rejects.toThrow('the connection was closed')
  })
})

describe('a request that is read whole', () => {
  const post = (length: number) =>
    client.write(`POST / HTTP/1.1\r\nhost: a\r\ncontent-length: ${length}\r\n\r\n`)

  it('has every byte of every packet, in memory of its own', async () => {
    const sent = Uint8Array.from({ length: 1024 }, (_, at) => at % 256)
    let read: ArrayBuffer | undefined
    answer = async (request) => {
      read = await request.arrayBuffer()
      return new Response('read')
    }
    post(sent.length)
    for (let at = 0; at < sent.length; at += 300) {
      client.write(sent.subarray(at, at + 300))
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    await until(() => text.includes('read'))
    expect(new Uint8Array(read ?? new ArrayBuffer(0))).toEqual(sent)
  })

  it('is refused the second time', async () => {
    let again: Promise<unknown> | undefined
    answer = async (request) => {
      await request.arrayBuffer()
      again = request.arrayBuffer().catch((error: unknown) => error)
      return new Response(String((await again) instanceof Error))
    }
    post(2)
    client.write('{}')
    await until(() => text.includes('true'))
  })

  it('rejects where the client breaks off', async () => {
    let failed: unknown
    answer = async (request) => {
      failed = await request.arrayBuffer().catch((error: unknown) => error)
      return new Response('')
    }
    post(100)
    client.write('half')
    await until(() => text === '')
    setTimeout(() => client.destroy(), 30)
    await until(() => failed !== undefined)
    expect(failed).toBeInstanceOf(Error)
  })
})

describe('whatever throws is answered with a 500 that tells nothing of it', () => {
  const told = vi.spyOn(console, 'error')
  beforeEach(() => void told.mockReset().mockImplementation(() => {}))

  /** What a client gets, once all of it has come. */
  async function answered(path = '/v1/chat/completions') {
    client.write(`GET ${path} HTTP/1.1\r\nhost: a\r\n\r\n`)
    await until(() => /\}(\r\n0\r\n\r\n)?$/.test(text))
    expect(text).toMatch(/^HTTP\/1\.1 500 /)
    expect(text).not.toMatch(/secret|node-listen|at .*:\d+:\d+/)
    const [, id] = /\r\nx-request-id: (\S+)\r\n/i.exec(text) ?? []
    expect(told).toHaveBeenCalledExactlyOnceWith(expect.stringContaining(String(id)))
    return JSON.parse(text.slice(text.indexOf('{'), text.lastIndexOf('}') + 1)) as object
  }

  it('the handler, in the shape of the API that was asked', async () => {
    answer = () => Promise.reject(new Error('secret'))
    expect(await answered()).toEqual({
      error: {
        message: 'sluice failed to answer because of an internal error; see its log for the cause.',
        type: 'server_error',
        param: null,
        code: 'internal_error',
      },
    })
    expect(told).toHaveBeenCalledWith(expect.stringContaining('secret'))
  })

  it('the handler, asked for Messages, before it returns a promise', async () => {
    answer = () => {
      throw new Error('secret')
    }
    expect(await answered('/v1/messages?beta=true')).toMatchObject({
      type: 'error',
      error: { type: 'api_error', details: { error_code: 'internal_error' } },
      request_id: expect.any(String),
    })
  })

  it('the writing of the headers, and whoever writes the body learns of it', async () => {
    const pipes: BodyWriter[] = []
    answer = async () => {
      const pipe = nodeBodyWriter()
      pipes.push(pipe)
      return pipe.respond({ headers: { 'retry-after': 'a\u0001b' } })
    }
    await answered()
    await expect(pipes[0]?.closed).rejects.toThrow()
  })

  it('the writing of the headers of another body, which is cancelled', async () => {
    let isCancelled = false
    answer = async () => {
      const cancel = () => {
        isCancelled = true
      }
      return new Response(new ReadableStream({ cancel }), { headers: { 'x-a': 'a\u0001b' } })
    }
    await answered()
    expect(isCancelled).toBe(true)
  })

  it('but a body that throws in the middle breaks the answer off', async () => {
    answer = async () => {
      const body = new ReadableStream({
        start: (control) => control.enqueue(bytes('{"half":')),
        pull: () => Promise.reject(new Error('secret')),
      })
      return new Response(body)
    }
    get()
    await until(() => client.closed)
    expect(text).not.toContain('secret')
    expect(text).not.toContain('\r\n0\r\n')
  })
})
