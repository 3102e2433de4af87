/** For each test a client with no connections and, once `start` is called, a server. */
import { afterEach, beforeEach } from 'vitest'
import type { Fetch } from '../../../../src/platform/fetch.ts'
import { socketFetch } from '../../../../src/transport/http1/fetch.ts'
import { dial, type RawServer, startRaw, textOf } from './raw-server.ts'

export let fetch: Fetch
export let server: RawServer

beforeEach(() => {
  fetch = socketFetch(dial)
})

afterEach(() => server?.close())

export async function start(...parts: Parameters<typeof startRaw>): Promise<void> {
  server = await startRaw(...parts)
}

/** How many requests each connection carried, oldest first. */
export function carried(): number[] {
  return server.peers.map(({ requests }) => requests.length)
}

export async function get(path = '/'): Promise<string> {
  return textOf(await fetch(server.url + path, {}))
}
