import { execFile } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { binaryOf, root } from '../../../../scripts/hosts.mjs'
import { StaleConnection } from '../../../../src/platform/fetch.ts'
import { socketFetch } from '../../../../src/transport/http1/fetch.ts'
import type { Dial, Socket } from '../../../../src/transport/http1/socket.ts'
import { dial, ok, textOf, until } from './raw-server.ts'
import { carried, fetch, get, server, start } from './use-raw.ts'

function chunkedWith(chunks: string, fields = ''): string {
  return `HTTP/1.1 200 OK\r\n${fields}transfer-encoding: chunked\r\n\r\n${chunks}`
}

describe('a connection', () => {
  it('carries one request after the other', async () => {
    await start((socket, request) => socket.write(ok(request.slice(0, 6))))
    expect([await get('/1'), await get('/2'), await get('/3')]).toEqual([
      'GET /1',
      'GET /2',
      'GET /3',
    ])
    expect(carried()).toEqual([3])
  })

  it('carries one request at a time', async () => {
    await start((socket, request) =>
      setTimeout(() => socket.write(ok(request.slice(0, 6))), request.includes('/1') ? 60 : 20),
    )
    const both = () => Promise.all([get('/1'), get('/2')])
    expect([await both(), await both()]).toEqual([
      ['GET /1', 'GET /2'],
      ['GET /1', 'GET /2'],
    ])
    expect(carried()).toEqual([2, 2])
  })

  it('that breaks long after a request is not replaced: the request may have been read', async () => {
    await start((socket, request) => {
      if (request.includes('/once')) socket.write(ok('1'))
      else setTimeout(() => socket.destroy(), 1_200)
    })
    await get('/once')
    await expect(get('/then')).rejects.toThrow('the connection closed before')
    expect(carried()).toEqual([2])
  })

  it('that closes as soon as it is made rejects', async () => {
    const lost: Dial = async (_host, _port, events) => {
      events.close(true)
      return { destroy() {}, setActive() {}, write() {} } as Partial<Socket> as Socket
    }
    await expect(socketFetch(lost)('http://127.0.0.1:1', {})).rejects.toThrow('closed before')
  })

  it('that hears an interim answer to nothing is closed, not shared', async () => {
    await start((socket, request) => setTimeout(() => socket.write(ok(request.slice(0, 6))), 30))
    await get('/0')
    server.peers[0]?.socket.write('HTTP/1.1 100 Continue\r\n\r\n')
    await sleep(50)
    expect(await Promise.all([get('/1'), get('/2')])).toEqual(['GET /1', 'GET /2'])
    expect(carried()).toEqual([1, 1, 1])
  })

  it('is free before its last answer was read, though that was as long as may wait', async () => {
    const long = 'x'.repeat(64 * 1024)
    await start((socket) => socket.write(ok(long)))
    const first = await fetch(server.url, {})
    await sleep(50)
    expect(await get()).toBe(long)
    expect(await textOf(first)).toBe(long)
    expect(carried()).toEqual([2])
  })

  it.each(['end', 'resetAndDestroy'] as const)(
    'that its server closed meanwhile is replaced: %s',
    async (how) => {
      await start((socket) => socket.write(ok('yes')))
      await get()
      server.peers[0]?.socket[how]()
      await sleep(50)
      expect(await get()).toBe('yes')
      expect(carried()).toEqual([1, 1])
    },
  )

  it.each(['end', 'resetAndDestroy'] as const)(
    'that its server closes at the next request is replaced: %s',
    async (how) => {
      await start((socket) => {
        if (carried()[0] === 2 && carried().length === 1) socket[how]()
        else socket.write(ok('yes'))
      })
      await get()
      expect(await get()).toBe('yes')
      expect(carried()).toEqual([2, 1])
    },
  )

  it.each(['end', 'resetAndDestroy'] as const)(
    'that its server closes at the next POST is not replaced, and the next POSTs use new ones: %s',
    async (how) => {
      const post = async () => textOf(await fetch(server.url, { method: 'POST', body: '{}' }))
      await start((socket) => {
        if (carried()[0] === 2 && carried().length === 1) socket[how]()
        else socket.write(ok('yes'))
      })
      expect(await post()).toBe('yes')
      await expect(post()).rejects.toThrow('closed before the response began')
      expect([await post(), await post()]).toEqual(['yes', 'yes'])
      expect(await get()).toBe('yes')
      // A GET may be sent again, so it uses the connection of the last POST.
      expect(carried()).toEqual([2, 1, 2])
    },
  )

  it('that is stale takes the other idle ones with it: a restart costs one request', async () => {
    let isRestarted = false
    const old = new Set<unknown>()
    await start((socket) => {
      if (!isRestarted) old.add(socket)
      if (isRestarted && old.has(socket)) socket.destroy()
      else setTimeout(() => socket.write(ok('yes')), 50)
    })
    const post = async () => textOf(await fetch(server.url, { method: 'POST', body: '{}' }))
    await Promise.all([post(), post(), post(), post()])
    isRestarted = true
    await expect(post()).rejects.toBeInstanceOf(StaleConnection)
    await until(() => server.peers.every(({ isClosed }) => isClosed))
    expect(await Promise.all([post(), get(), get()])).toEqual(['yes', 'yes', 'yes'])
    expect(carried().reduce((sum, each) => sum + each)).toBe(8)
  })

  it.each([
    ['a bare LF in its head', ok('yes').replace('OK\r\n', 'OK\n')],
    ['a bare LF in an interim head', `HTTP/1.1 103 Early\nlink: x\r\n\r\n${ok('yes')}`],
    ['a length in an interim head', `HTTP/1.1 103 Early\r\ncontent-length: 3\r\n\r\n${ok('yes')}`],
    ['a length twice', ok('yes', 'content-length: 3\r\n')],
    ['a length in a list', ok('yes').replace(': 3', ': 3, 3')],
    ['a length beside chunks', chunkedWith('3\r\nyes\r\n0\r\n\r\n', 'content-length: 9\r\n')],
    ['blanks after a chunk size', chunkedWith('3 \t \r\nyes\r\n0\r\n\r\n')],
    ['blanks after the last size', chunkedWith('3\r\nyes\r\n0 \r\n\r\n')],
    ['an empty extension', chunkedWith('3;\r\nyes\r\n0\r\n\r\n')],
    ['blanks around an extension', chunkedWith('3 ; a = "b c" ;d\r\nyes\r\n0\r\n\r\n')],
    ['a length in a trailer', chunkedWith('3\r\nyes\r\n0\r\ncontent-length: 9\r\n\r\n')],
    ['a coding in a trailer', chunkedWith('3\r\nyes\r\n0\r\ntransfer-encoding: x\r\n\r\n')],
  ])('is not used again after an answer with %s', async (_, answer) => {
    await start((socket) => socket.write(answer))
    expect([await get(), await get()]).toEqual(['yes', 'yes'])
    expect(carried()).toEqual([1, 1])
    await until(() => server.peers.every(({ isClosed }) => isClosed))
  })

  it('is used again after an answer with regular extensions and trailers', async () => {
    await start((socket) => socket.write(chunkedWith('3;a="b"\r\nyes\r\n0;c\r\nx: y\r\n\r\n')))
    expect([await get(), await get()]).toEqual(['yes', 'yes'])
    expect(carried()).toEqual([2])
  })

  it('that was idle for too long is closed rather than used, even where its timer is late', async () => {
    const late: Dial = async (host, port, events) => {
      const socket = await dial(host, port, events)
      return {
        isFlushed: true,
        write: (bytes) => socket.write(bytes),
        pause: () => socket.pause(),
        resume: () => socket.resume(),
        setIdle() {},
        setActive: () => socket.setActive(),
        destroy: () => socket.destroy(),
      }
    }
    const lateFetch = socketFetch(late)
    await start((socket) => socket.write(ok('yes', 'keep-alive: timeout=2\r\n')))
    await textOf(await lateFetch(server.url, {}))
    await sleep(1_100)
    await textOf(await lateFetch(server.url, { method: 'POST', body: '{}' }))
    expect(carried()).toEqual([1, 1])
  })

  it.each(['end', 'resetAndDestroy'] as const)(
    'that is fresh and closes unanswered rejects: %s',
    async (how) => {
      await start((socket) => socket[how]())
      await expect(get()).rejects.toThrow('the connection closed before')
      expect(carried()).toEqual([1])
    },
  )

  it('that closes as soon as it is made rejects', async () => {
    await start()
    const closing = setInterval(() => {
      for (const { socket } of server.peers) socket.destroy()
    }, 1)
    await expect(get()).rejects.toThrow('the connection closed before')
    clearInterval(closing)
  })

  it('that closes in the middle of its second answer rejects', async () => {
    await start((socket) => {
      if (carried()[0] === 1) socket.write(ok('yes'))
      else socket.end('HTTP/1.1 200')
    })
    await get()
    await expect(get()).rejects.toThrow('the connection closed before')
    expect(carried()).toEqual([2])
  })

  it.each([
    ['HTTP/1.1', 'connection: close'],
    ['HTTP/1.1', 'keep-alive: timeout=0'],
    ['HTTP/1.1', 'Keep-Alive: max=5, timeout=1'],
    ['HTTP/1.0', 'x: y'],
  ])('is not kept after %s with %j', async (version, headers) => {
    await start((socket) => socket.write(ok('', `${headers}\r\n`).replace('HTTP/1.1', version)))
    await get()
    await until(() => server.peers[0]?.isClosed === true)
    await get()
    expect(carried()).toEqual([1, 1])
  })

  it('that nobody uses is closed', async () => {
    await start((socket) => socket.write(ok('yes', 'keep-alive: timeout=2\r\n')))
    await get()
    await get()
    expect(carried()).toEqual([2])
    await until(() => server.peers[0]?.isClosed === true, 10_000)
  })

  it.each(['x', '\r\n', ok('more')])(
    'on which comes what nobody asked for is closed: %j',
    async (more) => {
      await start((socket) => socket.write(ok('yes') + (carried().length === 1 ? more : '')))
      expect(await get()).toBe('yes')
      expect(await get()).toBe('yes')
      server.peers[1]?.socket.write(more)
      await until(() => server.peers.every(({ isClosed }) => isClosed))
      expect(await get()).toBe('yes')
      expect(carried()).toEqual([1, 1, 1])
    },
  )

  it('that is kept does not keep its process running', async () => {
    await start((socket) => socket.write(ok('yes')))
    const name = process.versions.bun === undefined ? 'node' : 'bun'
    const code = `
      const { socketFetch } = await import('./src/transport/http1/fetch.ts')
      const { dial } = await import('./src/hosts/${name}/dial.ts')
      const { body } = await socketFetch(dial)('${server.url}', {})
      for (const reader = body.getReader(); !(await reader.read()).done; ) {}
      console.log('read')`
    const { stdout } = await promisify(execFile)(binaryOf(name), ['-e', code], {
      cwd: root,
      timeout: 3_000,
    })
    expect(stdout).toBe('read\n')
  })
})
