// A server whose page shares the GPU of the browser that opens it, and programs that ask this server.

import { expect } from 'vitest'
import { type HostName, type Server, startServer } from '../../support/server.ts'
import { authorization, SOON } from './share-steps.ts'
import { serveFolder } from './static-server.ts'

export interface SharingServer extends AsyncDisposable {
  server: Server
  url: string
}

/** A server with the page of a folder. */
export async function startSharingServer(
  folder: string,
  flags: string[] = [],
  host: HostName = 'bun',
): Promise<SharingServer> {
  const files = await serveFolder(folder, '/')
  const env = { SLUICE_PAGE_SERVER: files.url.replace(/\/$/, '') }
  const server = await startServer(host, flags, env)
  return {
    server,
    url: server.url,
    async [Symbol.asyncDispose]() {
      await server.kill()
      files.close()
    },
  }
}

/** Waits until the server offers a model of tabs. */
export async function untilOffered(url: string, model: string, key?: string): Promise<void> {
  await expect
    .poll(async () => {
      const response = await fetch(`${url}/v1/models`, { headers: authorization(key) })
      const { data = [] } = (await response.json()) as { data?: { id: string }[] }
      return data.map(({ id }) => id)
    }, SOON)
    .toContain(model)
}

/** The tabs that a server without keys lists. */
export async function connectedTabs(url: string): Promise<object[]> {
  return ((await (await fetch(`${url}/v1/tabs`)).json()) as { data: object[] }).data
}

/** A stream that is being read. */
export interface Reading {
  /** All that has come. */
  readonly text: string
  /** When the last of it came, by `performance.now()`. */
  readonly lastAt: number
  ended: Promise<void>
}

/** Reads a stream as it comes. */
export function read(response: Response): Reading {
  const reading = { text: '', lastAt: performance.now(), ended: Promise.resolve() }
  const decoder = new TextDecoder()
  reading.ended = (async () => {
    if (response.body === null) return
    for await (const bytes of response.body) {
      reading.text += decoder.decode(bytes, { stream: true })
      reading.lastAt = performance.now()
    }
  })()
  return reading
}

/** The text of all deltas. */
export function saidIn(text: string): string {
  return payloads(text)
    .map(({ choices }) => choices?.[0]?.delta?.content ?? '')
    .join('')
}

/** The errors among the events. */
export function errorsIn(text: string): { code: string; message: string }[] {
  return payloads(text).flatMap(({ error }) => (error ? [error] : []))
}

interface Payload {
  choices?: { delta?: { content?: string } }[]
  error?: { code: string; message: string }
}

function payloads(text: string): Payload[] {
  return [...text.matchAll(/^data: (\{.*)$/gm)].map(([, json]) => JSON.parse(json ?? ''))
}
