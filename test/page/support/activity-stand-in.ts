// A server with an activity feed that says what a test lets it say, and the page.

import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join } from 'node:path'
import type { Activity, ActivityChanges, ActivityList } from '../../../src/wire/activity/schema.ts'

const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
}

/** An event of one request's own stream. */
export type OwnEvent = [event: string, data: unknown]

export interface ActivityStandIn {
  url: string
  list: ActivityList
  /** The events of `/v1/activity/:id`; the stream stays open after the last one. */
  own: Map<string, OwnEvent[]>
  /** Recordings by the id of their captures. */
  captures: Map<string, string>
  /** An error in place of all answers of the feed. */
  refuse: { status: number; message: string; code: string } | undefined
  /** How often the feed was asked for. */
  asked: number
  /** How many connections of the feed are open. */
  readonly open: number
  cancelled: string[]
  change(changes: Omit<ActivityChanges, 'time'>): void
  /** Breaks every connection of the feed. */
  breakAll(): void
  /** Ends every connection of the feed, as a server does that reads its settings again. */
  endAll(): void
  close(): void
}

/** A request with what every record has. */
export function record(id: string, fields: Partial<Activity>): Activity {
  return {
    id,
    arrived: Date.now(),
    method: 'POST',
    path: '/v1/chat/completions',
    api: '/v1/chat/completions',
    state: 'streaming',
    streamed: true,
    tokens: 0,
    tokensReported: false,
    durationMs: 1_000,
    ...fields,
  }
}

/** `now`: the time that it says it is. */
export async function serveActivity(folder: string, now = Date.now): Promise<ActivityStandIn> {
  const readers = new Set<ServerResponse>()
  const server = createServer((request, response) => void answer(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const stand: ActivityStandIn = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    list: { object: 'activity', time: 0, isAdmin: true, instance: 'a', requests: [], keys: [] },
    own: new Map(),
    captures: new Map(),
    refuse: undefined,
    asked: 0,
    get open() {
      return readers.size
    },
    cancelled: [],
    change(changes) {
      for (const reader of readers) send(reader, 'changes', { time: now(), ...changes })
    },
    breakAll() {
      for (const reader of readers) reader.destroy()
    },
    endAll() {
      for (const reader of readers) reader.end()
    },
    close() {
      server.closeAllConnections()
      server.close()
    },
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? '/', 'http://x')
    const [, , kind, id = '', act] = pathname.split('/').map(decodeURIComponent)
    if (pathname === '/health') {
      return json(response, { version: '0', ...(stand.refuse?.status !== 401 && { models: 0 }) })
    }
    if (pathname === '/v1/models') {
      return json(response, { object: 'list', data: [{ id: 'static', owned_by: 'sluice' }] })
    }
    if (!pathname.startsWith('/v1/')) return file(response, pathname)
    if (stand.refuse) {
      if (kind === 'activity' && id === '') stand.asked++
      const { status, message, code } = stand.refuse
      return json(response, { error: { message, type: 'error', param: null, code } }, status)
    }
    if (kind === 'captures') {
      const text = stand.captures.get(id)
      response.writeHead(text === undefined ? 404 : 200, { 'content-type': 'application/jsonl' })
      response.end(text)
    } else if (kind === 'activity' && act === 'cancel') {
      stand.cancelled.push(id)
      json(response, { id, cancelled: true })
    } else if (kind === 'activity' && id !== '') {
      const events = stand.own.get(id)
      if (events === undefined) {
        return json(response, { error: { message: 'id: not kept.', code: 'not_found' } }, 404)
      }
      openStream(response)
      for (const [event, data] of events) send(response, event, data)
      if (events.at(-1)?.[0] === 'end') response.end()
    } else {
      stand.asked++
      openStream(response)
      readers.add(response)
      response.on('close', () => readers.delete(response))
      send(response, 'snapshot', { ...stand.list, time: now() })
    }
  }

  async function file(response: ServerResponse, pathname: string): Promise<void> {
    const name = pathname === '/' ? 'index.html' : pathname.slice(1)
    const bytes = await readFile(join(folder, name)).catch(() => undefined)
    response.writeHead(bytes ? 200 : 404, { 'content-type': types[extname(name)] ?? 'text/html' })
    response.end(bytes)
  }

  return stand
}

function openStream(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
}

function send(response: ServerResponse, event: string, data: unknown): void {
  response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`)
}

function json(response: ServerResponse, body: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(body))
}
