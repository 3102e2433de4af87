import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Fetch } from '../../../../src/platform/fetch.ts'
import { ok, type RawServer, startRaw, textOf, until } from '../../transport/http1/raw-server.ts'

const runtime = ['bun', 'deno'].find((name) => name in process.versions) ?? 'node'
const { nativeFetch }: { nativeFetch: Fetch } = await import(
  `../../../../src/hosts/${runtime}/fetch.ts`
)

let server: RawServer

/** The first chunks of an answer that does not end. */
const BEGINNING = `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nfirst\r\n6\r\nsecond\r\n`

/** Answers requests to `/answer`, begins to answer those to `/begin`, and closes the connection of any other. */
beforeEach(async () => {
  server = await startRaw((socket, request) => {
    if (/^\w+ \/answer /.test(request)) socket.write(ok('yes'))
    else if (/^\w+ \/begin /.test(request)) socket.write(BEGINNING)
    else setTimeout(() => socket.destroy(), /^\w+ \/later /.test(request) ? 500 : 0)
  })
})

afterEach(() => server.close())

const get = async () => textOf(await nativeFetch(`${server.url}/answer`, {}))
const post = async (path: string) =>
  textOf(await nativeFetch(server.url + path, { method: 'POST', body: '{}', once: true }))

/** How many requests each connection carried, oldest first. */
const carried = () => server.peers.map(({ requests }) => requests.length)

describe('a request that may be sent only once', () => {
  it('has a connection of its own', async () => {
    for (const ask of [get, () => post('/answer'), () => post('/answer')]) {
      expect(await ask()).toBe('yes')
    }
    expect(carried()).toEqual([1, 1, 1])
  })

  it('is not sent again when its connection closes without an answer', async () => {
    expect(await get()).toBe('yes')
    expect(await post('/answer')).toBe('yes')
    await expect(post('/close')).rejects.toThrow()
    const closed = server.requests.filter((request) => request.startsWith('POST /close '))
    expect(closed).toHaveLength(1)
  })
})

it.each(['at once', 'after half a second'])(
  'a POST is not sent again when its kept connection closes without an answer %s',
  async (when) => {
    const body = '{}'
    const path = when === 'at once' ? '/close' : '/later'
    for (let request = 0; request < 3; request++) {
      expect(await get()).toBe('yes')
      await sleep(20)
    }
    await expect(nativeFetch(server.url + path, { method: 'POST', body })).rejects.toThrow()
    expect(server.requests.filter((each) => each.startsWith('POST '))).toHaveLength(1)
  },
)

it('other requests share a connection', async () => {
  for (let request = 0; request < 3; request++) {
    expect(await get()).toBe('yes')
    // Node hands a connection back a moment after the end of its answer.
    await sleep(20)
  }
  expect(carried()).toEqual([3])
})

describe('an aborted request', () => {
  it.each(['nothing of its answer', 'a part of its answer'])(
    'closes its connection at once, though %s has been read and nobody reads on',
    async (read) => {
      const control = new AbortController()
      const { signal } = control
      const { body } = await nativeFetch(`${server.url}/begin`, {
        method: 'POST',
        body: '{}',
        signal,
      })
      const reader = body?.getReader()
      if (read !== 'nothing of its answer') await reader?.read()
      expect(server.peers.map(({ isClosed }) => isClosed)).toEqual([false])
      control.abort()
      await until(() => server.peers[0]?.isClosed === true)
    },
  )
})
