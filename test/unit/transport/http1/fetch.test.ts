import type { Socket } from 'node:net'
import { networkInterfaces } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { deflateSync, gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { InvalidResponse, Unsendable } from '../../../../src/platform/fetch.ts'
import { closedPort } from '../../../support/upstream.ts'
import { ok, textOf, until } from './raw-server.ts'
import { carried, fetch, get, server, start } from './use-raw.ts'

/** More than sockets buffer. */
const LARGE = new Uint8Array(20_000_000).fill(97)

describe('a request', () => {
  it('without a body is written byte for byte', async () => {
    await start((socket) => socket.write(ok('yes')))
    await fetch(`${server.url}/a%20b/ü?q=1&r=é#hash`, { headers: { 'X-A': 'b\tc', 'x-d': '' } })
    expect(server.requests).toEqual([
      'GET /a%20b/%C3%BC?q=1&r=%C3%A9 HTTP/1.1\r\n' +
        `host: ${server.url.slice('http://'.length)}\r\n` +
        'accept-encoding: identity\r\nX-A: b\tc\r\nx-d: \r\n\r\n',
    ])
  })

  it('with a body is written byte for byte', async () => {
    await start((socket) => socket.write(ok('yes')))
    const headers = { 'content-type': 'application/json' }
    await fetch(server.url, { method: 'POST', headers, body: '"größer 🎈"', redirect: 'manual' })
    const written = Buffer.from(server.requests[0] ?? '', 'latin1').toString()
    expect(written).toBe(
      'POST / HTTP/1.1\r\n' +
        `host: ${server.url.slice('http://'.length)}\r\n` +
        'accept-encoding: identity\r\ncontent-type: application/json\r\n' +
        'content-length: 15\r\n\r\n"größer 🎈"',
    )
  })

  it('may have bytes for a body, and any method', async () => {
    await start((socket) => socket.write(ok('yes')))
    const body = new Uint8Array([0, 255, 13, 10, 128])
    await textOf(await fetch(server.url, { method: 'DELETE', body }))
    expect(server.requests[0]).toMatch(/^DELETE \/ HTTP\/1\.1\r\n/)
    expect(server.requests[0]?.endsWith('\r\ncontent-length: 5\r\n\r\n\0\xff\r\n\x80')).toBe(true)
  })

  it('for a head alone gets one, whatever it says of a body, and keeps its connection', async () => {
    await start((socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n'))
    for (const _ of [1, 2]) {
      const { status, body, headers } = await fetch(server.url, { method: 'HEAD' })
      expect({ status, body }).toEqual({ status: 200, body: null })
      expect(headers.get('content-length')).toBe('5')
    }
    expect(carried()).toEqual([2])
  })

  it('of many megabytes arrives whole, though it is read slowly', async () => {
    await start((socket) => socket.write(ok('yes')))
    const body = 'abcdefghijk'.repeat(1_000_000)
    const answered = fetch(server.url, { method: 'POST', body })
    await until(() => server.peers.length === 1)
    server.peers[0]?.socket.pause()
    await sleep(100)
    server.peers[0]?.socket.resume()
    expect(await textOf(await answered)).toBe('yes')
    expect(server.requests[0]?.endsWith(`\r\n\r\n${body}`)).toBe(true)
  })

  it('that is answered before all of it was sent gets the answer, and the next another connection', async () => {
    const refusal = 'HTTP/1.1 413 Too Large\r\ncontent-length: 3\r\n\r\nbig'
    const refuse = (socket: Socket, packet: string) => {
      if (packet.startsWith('POST')) socket.pause().write(refusal)
    }
    await start((socket) => socket.write(ok('yes')), '127.0.0.1', refuse)
    expect(await get()).toBe('yes')
    const answer = await fetch(server.url, { method: 'POST', body: LARGE })
    expect([answer.status, await textOf(answer)]).toEqual([413, 'big'])
    expect(await get()).toBe('yes')
    expect(carried()).toEqual([1, 1])
  })

  it('that is aborted while it is sent ends, and the next gets another connection', async () => {
    const hold = (socket: Socket, packet: string) => {
      if (packet.startsWith('POST')) socket.pause()
    }
    await start((socket) => socket.write(ok('yes')), '127.0.0.1', hold)
    expect(await get()).toBe('yes')
    const reason = new Error('no longer wanted')
    const control = new AbortController()
    const answered = fetch(server.url, { method: 'POST', body: LARGE, signal: control.signal })
    setTimeout(() => control.abort(reason), 50)
    await expect(answered).rejects.toBe(reason)
    server.peers[0]?.socket.resume()
    await until(() => server.peers[0]?.isClosed === true)
    expect(await get()).toBe('yes')
    expect(carried()).toEqual([1, 1])
  })

  it.each(['a\r\nx: y', 'a\n', 'a\0', 'ä', '€'])(
    'with the header %j is not made',
    async (value) => {
      await start()
      await expect(fetch(server.url, { headers: { x: value } })).rejects.toBeInstanceOf(Unsendable)
      expect(server.peers).toEqual([])
    },
  )

  it('that is sent once at most is not repeated by a server that closes at once', async () => {
    await start((socket) => {
      if (server.requests.length === 1) socket.write(ok('yes'))
      else socket.destroy()
    })
    expect(await get()).toBe('yes')
    const asked = { method: 'POST', body: '{}', once: true } as const
    await expect(fetch(server.url, asked)).rejects.toThrow()
    await sleep(50)
    expect(server.requests.map((request) => request.slice(0, 4))).toEqual(['GET ', 'POST'])
    // Another request may be sent again: nothing of it was answered.
    await get().catch(() => {})
    expect(server.requests.length).toBeGreaterThan(3)
  })

  it('rejects where nobody listens', async () => {
    await expect(fetch(`http://127.0.0.1:${await closedPort()}`, {})).rejects.toThrow()
  })

  const addresses = Object.values(networkInterfaces()).flatMap((all) => all ?? [])
  const hasIpv6 = addresses.some(({ address }) => address === '::1')
  it.each(hasIpv6 ? ['127.0.0.1', '::1'] : ['127.0.0.1'])('reaches %s', async (host) => {
    await start((socket) => socket.write(ok('yes')), host)
    expect([await get(), await get()]).toEqual(['yes', 'yes'])
    expect(carried()).toEqual([2])
    expect(server.requests[0]).toContain(`\r\nhost: ${server.url.slice('http://'.length)}\r\n`)
  })
})

describe('an answer', () => {
  it.each([
    [200, true],
    [299, true],
    [301, false],
    [404, false],
    [500, false],
  ])('of status %i: whether it is ok: %j', async (status, isOk) => {
    await start((socket) => socket.write(ok('yes', 'X-A: b\r\n').replace('200', String(status))))
    const answer = await fetch(server.url, {})
    expect([answer.status, answer.ok]).toEqual([status, isOk])
    expect([answer.headers.get('x-A'), answer.headers.get('x-b')]).toEqual(['b', null])
    expect(await textOf(answer)).toBe('yes')
  })

  it.each([204, 304])('of status %i has no body', async (status) => {
    await start((socket) => socket.write(`HTTP/1.1 ${status} No\r\n\r\n`))
    expect((await fetch(server.url, {})).body).toBeNull()
    await get()
    expect(carried()).toEqual([2])
  })

  it('may follow interim ones', async () => {
    await start((socket) => socket.write(`HTTP/1.1 100 Continue\r\n\r\n${ok('yes')}`))
    expect(await get()).toBe('yes')
  })

  it('gives the chunks of one packet in one piece', async () => {
    await start((socket) =>
      socket.write(
        'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n' +
          '3\r\nabc\r\n1;x\r\nd\r\n4\r\nefgh\r\n0\r\n\r\n',
      ),
    )
    const reader = (await fetch(server.url, {})).body?.getReader()
    expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe('abcdefgh')
    expect(await reader?.read()).toEqual({ done: true })
    expect(await reader?.read()).toEqual({ done: true })
  })

  it('that breaks within a packet gives what came before in it', async () => {
    const head = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n'
    await start((socket) => socket.write(`${head}3\r\nabc\r\n1\r\nd\r\nnothing`))
    const reader = (await fetch(server.url, {})).body?.getReader()
    expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe('abcd')
    await expect(reader?.read()).rejects.toThrow('expected a chunk size')
  })

  it('may last until its connection ends', async () => {
    await start((socket) => socket.end('HTTP/1.1 200 OK\r\n\r\nall of it'))
    expect([await get(), await get()]).toEqual(['all of it', 'all of it'])
    expect(carried()).toEqual([1, 1])
  })

  it.each(['SSH-2.0-x\r\n\r\n', 'HTTP/1.1 101 Yes\r\n\r\n', ok('', 'x : y\r\n')])(
    'that is none ends its connection: %j',
    async (text) => {
      await start((socket) => socket.write(text))
      await expect(fetch(server.url, {})).rejects.toBeInstanceOf(InvalidResponse)
      await until(() => server.peers[0]?.isClosed === true)
    },
  )

  const text = 'packed '.repeat(50_000)
  it.each([
    ['gzip', gzipSync(text)],
    ['X-GZip', gzipSync(text)],
    ['deflate', deflateSync(text)],
    ['identity', Buffer.from(text)],
  ])('in %s is unpacked', async (coding, bytes) => {
    await start((socket) => {
      socket.write(
        `HTTP/1.1 200 OK\r\ncontent-encoding: ${coding}\r\ncontent-length: ${bytes.length}\r\n\r\n`,
      )
      socket.write(bytes)
    })
    expect(await get()).toBe(text)
    expect(await get()).toBe(text)
    expect(carried()).toEqual([2])
  })

  it.each(['br', 'zstd', 'gzip, gzip'])('in %s is refused', async (coding) => {
    await start((socket) => socket.write(`HTTP/1.1 200 OK\r\ncontent-encoding: ${coding}\r\n\r\n`))
    await expect(fetch(server.url, {})).rejects.toThrow(`gzip or deflate, got ${coding}`)
    await until(() => server.peers[0]?.isClosed === true)
  })
})
