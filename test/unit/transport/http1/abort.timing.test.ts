import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { beforeEach, describe, expect, it } from 'vitest'
import { socketFetch } from '../../../../src/transport/http1/fetch.ts'
import type { Socket } from '../../../../src/transport/http1/socket.ts'
import { ok, textOf, until } from './raw-server.ts'
import { fetch, server, start } from './use-raw.ts'

const CHUNKED = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n'

let control: AbortController
const reason = new Error('no longer wanted')

beforeEach(() => {
  control = new AbortController()
})

/** The only connection is gone, and soon. */
async function closes(): Promise<void> {
  expect(server.peers.length).toBe(1)
  await until(() => server.peers[0]?.isClosed === true, 500)
}

describe('an abort', () => {
  const ask = () => fetch(server.url, { signal: control.signal })

  it('before the request leaves it unmade', async () => {
    await start()
    control.abort(reason)
    await expect(ask()).rejects.toBe(reason)
    expect(server.peers).toEqual([])
  })

  it('while connecting rejects and closes', async () => {
    await start()
    const asked = ask()
    control.abort(reason)
    await expect(asked).rejects.toBe(reason)
    await sleep(50)
    expect(server.requests).toEqual([])
    expect(server.peers.every(({ isClosed }) => isClosed)).toBe(true)
  })

  it('rejects at once where connecting takes for ever, and lets go of what connects late', async () => {
    const late = Promise.withResolvers<Socket>()
    const control = new AbortController()
    const { signal } = control
    const asked = socketFetch(() => late.promise)('http://127.0.0.1:1', { signal })
    const reason = new Error('left')
    control.abort(reason)
    await expect(asked).rejects.toBe(reason)
    let isClosed = false
    const destroy = () => {
      isClosed = true
    }
    late.resolve({ destroy } as Socket)
    await sleep(1)
    expect(isClosed).toBe(true)
  })

  it.each([0, 1, 2, 3, 4, 5, 6])('%i turns after it has connected is not missed', async (turns) => {
    const connecting = Promise.withResolvers<Socket>()
    let isClosed = false
    const destroy = () => {
      isClosed = true
    }
    const socket = { destroy, setActive() {}, write() {} } as Partial<Socket> as Socket
    const asked = socketFetch(() => connecting.promise)('http://127.0.0.1:1', {
      signal: control.signal,
    })
    connecting.resolve(socket)
    for (let turn = 0; turn < turns; turn++) await undefined
    control.abort(reason)
    await expect(asked).rejects.toBe(reason)
    expect(isClosed).toBe(true)
  })

  it('before the head rejects and closes', async () => {
    await start((socket) => socket.write('HTTP/1.1 200'))
    const asked = ask()
    await until(() => server.requests.length === 1)
    control.abort(reason)
    await expect(asked).rejects.toBe(reason)
    await closes()
  })

  it('without a reason of its own gives the standard one', async () => {
    await start()
    const asked = ask()
    await until(() => server.requests.length === 1)
    control.abort()
    await expect(asked).rejects.toMatchObject({ name: 'AbortError' })
  })

  it('on a kept connection rejects, closes, and asks nobody else', async () => {
    await start((socket) => void (server.requests.length === 1 && socket.write(ok('yes'))))
    await textOf(await ask())
    const asked = ask()
    await until(() => server.requests.length === 2)
    control.abort(reason)
    await expect(asked).rejects.toBe(reason)
    await closes()
    expect(server.requests.length).toBe(2)
  })

  it('in the body gives what came before, then rejects and closes', async () => {
    await start((socket) => socket.write(`${CHUNKED}5\r\nhello\r\n`))
    const reader = (await ask()).body?.getReader()
    expect((await reader?.read())?.value?.length).toBe(5)
    const reading = reader?.read()
    control.abort(reason)
    await expect(reading).rejects.toBe(reason)
    await expect(reader?.read()).rejects.toBe(reason)
    await closes()
  })

  it('in a body that nobody reads closes', async () => {
    await start((socket) => socket.write(`${CHUNKED}fffffff\r\n${'x'.repeat(1_000_000)}`))
    const answer = await ask()
    await sleep(50)
    control.abort(reason)
    await closes()
    await expect(textOf(answer)).rejects.toBe(reason)
  })

  it('in a packed body rejects and closes', async () => {
    const packed = gzipSync('packed '.repeat(9))
    await start((socket) => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n\r\n')
      socket.write(packed.subarray(0, 20))
    })
    const reading = textOf(await ask())
    control.abort(reason)
    await expect(reading).rejects.toBe(reason)
    await closes()
  })

  it('after the end hurts neither its body nor the next request', async () => {
    await start((socket) => socket.write(ok('yes')))
    const answer = await ask()
    await sleep(50)
    const next = fetch(server.url, {})
    control.abort(reason)
    expect(await textOf(answer)).toBe('yes')
    expect(await textOf(await next)).toBe('yes')
    expect(server.peers.map(({ requests }) => requests.length)).toEqual([2])
  })
})

describe('a body', () => {
  it.each([
    ['a chunk', `${CHUNKED}5\r\nhel`],
    ['the last chunk', `${CHUNKED}3\r\nhel\r\n`],
    ['bytes of its length', 'HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhel'],
  ])('that lacks %s rejects after what came', async (_what, text) => {
    await start((socket) => socket.end(text))
    const reader = (await fetch(server.url, {})).body?.getReader()
    expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe('hel')
    await expect(reader?.read()).rejects.toThrow('the connection closed before')
    await expect(reader?.read()).rejects.toThrow('the connection closed before')
  })

  it('that lasts until its connection ends rejects where that breaks', async () => {
    await start((socket) => {
      socket.write('HTTP/1.1 200 OK\r\n\r\nhel')
      setTimeout(() => socket.resetAndDestroy(), 50)
    })
    await expect(textOf(await fetch(server.url, {}))).rejects.toThrow(
      'the connection closed before',
    )
  })

  it('that goes on in no chunk rejects after what came, and closes', async () => {
    await start((socket) => socket.write(`${CHUNKED}3\r\nhel\r\n`))
    const reader = (await fetch(server.url, {})).body?.getReader()
    expect((await reader?.read())?.value?.length).toBe(3)
    server.peers[0]?.socket.write('lo')
    await expect(reader?.read()).rejects.toThrow('expected a chunk size')
    await closes()
  })

  it('whose packing is cut off rejects', async () => {
    const packed = gzipSync('packed '.repeat(9)).subarray(0, 20).toString('latin1')
    await start((socket) => socket.write(ok(packed, 'content-encoding: gzip\r\n'), 'latin1'))
    await expect(textOf(await fetch(server.url, {}))).rejects.toThrow()
  })

  it('that nobody wants closes its connection', async () => {
    await start((socket) => socket.write(`${CHUNKED}5\r\nhello\r\n`))
    const { body } = await fetch(server.url, {})
    await body?.cancel()
    await closes()
    expect(await body?.getReader().read()).toEqual({ done: true })
  })

  it('that nobody wants ends a read that waits', async () => {
    await start((socket) => socket.write(CHUNKED))
    const reader = (await fetch(server.url, {})).body?.getReader()
    const reading = reader?.read()
    await reader?.cancel(reason)
    expect(await reading).toEqual({ done: true })
    await closes()
  })

  it('that is packed and not wanted closes its connection', async () => {
    const packed = gzipSync('packed '.repeat(9)).subarray(0, 20)
    await start((socket) => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n\r\n')
      socket.write(packed)
    })
    const { body } = await fetch(server.url, {})
    await body?.cancel()
    await closes()
  })

  it('that was whole lets its connection be, cancelled or not', async () => {
    await start((socket) => socket.write(ok('yes')))
    const { body } = await fetch(server.url, {})
    await sleep(50)
    await body?.cancel()
    expect(await textOf(await fetch(server.url, {}))).toBe('yes')
    expect(server.peers.length).toBe(1)
  })
})

describe('a reader that does not read', () => {
  const pieces = Array.from({ length: 512 }, (_, at) => Buffer.alloc(64 * 1024, at))
  const size = pieces.length * 64 * 1024
  let sent = 0

  /** Writes as the network takes it. */
  async function flood(): Promise<void> {
    sent = 0
    await start(async (socket) => {
      socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${size}\r\n\r\n`)
      for (const piece of pieces) {
        if (!socket.write(piece)) await new Promise((resolve) => socket.once('drain', resolve))
        sent += piece.length
      }
    })
  }

  /** Resolves when no more leaves the server. */
  async function stall(): Promise<void> {
    for (let before = -1; before !== sent; await sleep(200)) before = sent
  }

  it('slows its server down, and then gets all of it', async () => {
    await flood()
    const answer = await fetch(server.url, {})
    await stall()
    expect(sent).toBeLessThan(size / 2)
    const [got, expected] = [createHash('md5'), createHash('md5')]
    const reader = answer.body?.getReader()
    for (let packet = await reader?.read(); packet && !packet.done; packet = await reader?.read()) {
      got.update(packet.value)
    }
    for (const piece of pieces) expected.update(piece)
    expect(got.digest('hex')).toBe(expected.digest('hex'))
    await textOf(await fetch(server.url, {}))
    expect(server.peers.length).toBe(1)
  })

  it.each(['content-length: 1000000', 'x: y'])(
    'gets all of what its server left behind, by %j',
    async (header) => {
      await start((socket) => {
        socket.write(`HTTP/1.1 200 OK\r\nconnection: close\r\n${header}\r\n\r\n`)
        socket.end(Buffer.alloc(1_000_000, 'x'))
      })
      const answer = await fetch(server.url, {})
      await sleep(200)
      expect(await textOf(answer)).toBe('x'.repeat(1_000_000))
    },
  )

  it('closes its connection by an abort', async () => {
    await flood()
    const answer = await fetch(server.url, { signal: control.signal })
    await stall()
    control.abort(reason)
    await closes()
    await expect(textOf(answer)).rejects.toBe(reason)
  })

  it('closes its connection by a cancel', async () => {
    await flood()
    const { body } = await fetch(server.url, {})
    await stall()
    await body?.cancel()
    await closes()
  })
})
