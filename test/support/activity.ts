import { setTimeout as sleep } from 'node:timers/promises'
import type { Activity, ActivityChanges, ActivityList } from '../../src/wire/activity/schema.ts'

/** One event of the feed. */
export interface FeedEvent {
  event: string
  data: unknown
}

/** A reader of events, which keeps what they tell. */
export interface FeedClient extends AsyncDisposable {
  /** All events so far. */
  events: FeedEvent[]
  /** How many comments came. */
  pings(): number
  /** What the snapshot and all changes together tell. */
  requests: Map<string, Activity>
  /** The newest of what there is beside the requests. */
  parts: Partial<ActivityList>
  /** Every state that a request was seen in, in order, each once in a row. */
  states(id: string): string[]
  /** Each record that was told of a request. */
  told(id: string): Activity[]
  /** Resolves with what `find` finds; rejects after `ms` (5,000) or when the stream has ended. */
  until<T>(find: (client: FeedClient) => T | undefined | false, ms?: number): Promise<T>
  /** Settles when the stream has ended: with `end`, or with the error of a broken connection. */
  ended: Promise<unknown>
}

/** Reads `/v1/activity` as events, or what is at another path. */
export async function readFeed(
  base: string,
  { headers = {}, path = '/activity' }: { headers?: Record<string, string>; path?: string } = {},
): Promise<FeedClient> {
  const control = new AbortController()
  const response = await fetch(base + path, {
    headers: { accept: 'text/event-stream', ...headers },
    signal: control.signal,
  })
  if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`)
  const told: Activity[] = []
  let pings = 0
  let isOver = false
  const client: FeedClient = {
    ...{ events: [], requests: new Map(), parts: {}, ended: Promise.resolve() },
    pings: () => pings,
    told: (id) => told.filter((each) => each.id === id),
    states: (id) =>
      client
        .told(id)
        .map(({ state }) => state as string)
        .filter((state, at, all) => state !== all[at - 1]),
    async until(find, ms = 5_000) {
      const deadline = performance.now() + ms
      for (;;) {
        const found = find(client)
        if (found !== undefined && found !== false) return found
        const why = isOver ? 'The feed ended' : `${ms} ms passed`
        if (isOver || performance.now() > deadline) throw new Error(`${why}: ${shown(client)}`)
        await sleep(10)
      }
    },
    async [Symbol.asyncDispose]() {
      control.abort()
      await client.ended
    },
  }
  client.ended = readAll(response, (block) => {
    if (block.startsWith(':')) pings++
    else take(client, told, eventOf(block))
  })
    .catch((error: unknown) => error)
    .finally(() => {
      isOver = true
    })
  return client
}

async function readAll(response: Response, onBlock: (block: string) => void): Promise<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let text = ''
  for await (const bytes of response.body ?? []) {
    text += decoder.decode(bytes, { stream: true })
    const blocks = text.split('\n\n')
    text = blocks.pop() ?? ''
    for (const block of blocks) onBlock(block)
  }
  if (text !== '') throw new Error(`The feed ended within an event: ${text}`)
  return 'end'
}

function eventOf(block: string): FeedEvent {
  const [, event = '', data = ''] = /^event: (\w+)\ndata: (.*)$/.exec(block) ?? []
  if (event === '') throw new Error(`Not an event: ${block}`)
  return { event, data: JSON.parse(data) }
}

function take(client: FeedClient, told: Activity[], event: FeedEvent): void {
  client.events.push(event)
  if (event.event === 'activity') told.push(event.data as Activity)
  if (event.event !== 'snapshot' && event.event !== 'changes') return
  const { requests, removed = [], ...parts } = event.data as ActivityChanges
  for (const each of requests) {
    told.push(each)
    client.requests.set(each.id, each)
  }
  for (const id of removed) client.requests.delete(id)
  Object.assign(client.parts, parts)
}

function shown({ events }: FeedClient): string {
  return JSON.stringify(events.slice(-5), undefined, 1)
}

/** What `/v1/activity` answers as JSON. */
export async function listActivity(base: string, headers = {}): Promise<ActivityList> {
  const response = await fetch(`${base}/activity`, { headers })
  if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`)
  return (await response.json()) as ActivityList
}

/** The id of a request, by its response. */
export function idOf(response: Response): string {
  return response.headers.get('x-request-id') ?? ''
}

/** Stops a request. */
export function stopRequest(base: string, id: string, headers = {}): Promise<Response> {
  return fetch(`${base}/activity/${id}/cancel`, { method: 'POST', headers })
}
