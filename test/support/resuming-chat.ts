// A client of chat streams that goes on at another instance, as an EventSource does.

import { setTimeout as sleep } from 'node:timers/promises'
import { postChat } from './read.ts'
import type { Server } from './server.ts'

/** One event as the client got it. */
export interface Event {
  id: number
  /** As it was sent, with its `id:`. */
  frame: string
  data: string
  at: number
}

export interface Resumed {
  /** Where it is resumed: `/v1/streams/…`. */
  path: string
  events: Event[]
  /** `[DONE]`, or the code of the error that ended it; undefined where it did not end. */
  end: string | undefined
  /** What is wrong with the sequence; empty where each event came once and in order. */
  problems: string[]
  /** How often it connected. */
  connections: number
  /** The status of the last answer. */
  status: number
}

export interface ResumingOptions {
  headers?: Record<string, string>
  /** After how many events of a connection the client leaves it; never by default. */
  cutAfter?: () => number | undefined
  /** Called at each event. */
  onEvent?: (event: Event) => void
  /** Milliseconds for all of it. */
  ms?: number
}

/** Asks the first server for a stream that can be resumed. */
export function askResumable(server: Server, body: object, headers: Record<string, string> = {}) {
  return postChat(server.base, body, { headers: { 'x-sluice-resume': '1', ...headers } })
}

/** Asks, and reads to the end; where a connection ends before that, the next server is asked for the rest. */
export async function readThrough(
  servers: Server[],
  body: object,
  options: ResumingOptions = {},
): Promise<Resumed> {
  const first = await askResumable(servers[0] as Server, body, options.headers)
  return goOn(servers, first, options)
}

/** The same after the first answer. */
export async function goOn(
  servers: Server[],
  first: Response,
  options: ResumingOptions = {},
): Promise<Resumed> {
  const path = first.headers.get('x-sluice-resume') ?? ''
  const resumed: Resumed = {
    ...{ path, events: [], end: undefined, problems: [], connections: 1 },
    status: first.status,
  }
  if (path === '') resumed.problems.push(`no x-sluice-resume, status ${first.status}`)
  const deadline = performance.now() + (options.ms ?? 20_000)
  await readInto(resumed, first, options)
  for (let next = 1; resumed.end === undefined && path !== ''; next++) {
    if (performance.now() > deadline) {
      resumed.problems.push(`no end after ${resumed.connections} connections`)
      break
    }
    const server = servers[next % servers.length] as Server
    const answer = await resume(server, resumed, options.headers).catch(() => undefined)
    if (answer === undefined) {
      await sleep(20)
      continue
    }
    resumed.connections++
    resumed.status = answer.status
    // Not stored yet, or not to be looked up now: the next one may know it.
    if (answer.status === 503 || answer.status === 404) await sleep(50)
    else if (answer.status !== 200) break
    else await readInto(resumed, answer, options)
  }
  return judge(resumed)
}

/** One connection for what comes after the last event. */
export function resume(
  { url }: Server,
  { path, events }: Pick<Resumed, 'path' | 'events'>,
  headers: Record<string, string> = {},
): Promise<Response> {
  const last = events.at(-1)?.id
  const cursor = last === undefined ? {} : { 'last-event-id': String(last) }
  return fetch(url + path, { headers: { ...headers, ...cursor } })
}

/** Reads a whole stream from its start, at one server. */
export async function replay(
  server: Server,
  path: string,
  options: ResumingOptions = {},
): Promise<Resumed> {
  const answer = await fetch(server.url + path, { headers: options.headers ?? {} })
  const resumed: Resumed = {
    ...{ path, events: [], end: undefined, problems: [], connections: 1, status: answer.status },
  }
  if (answer.status === 200) await readInto(resumed, answer, options)
  return judge(resumed)
}

async function readInto(resumed: Resumed, answer: Response, options: ResumingOptions) {
  const decoder = new TextDecoder()
  const most = options.cutAfter?.()
  let rest = ''
  let seen = 0
  const reader = answer.body?.getReader()
  try {
    for (;;) {
      const { done, value } = (await reader?.read()) ?? { done: true, value: undefined }
      if (done) return
      rest += decoder.decode(value, { stream: true })
      const frames = rest.split('\n\n')
      rest = frames.pop() ?? ''
      for (const frame of frames) {
        take(resumed, frame, options)
        if (++seen === most && resumed.end === undefined) return void (await reader?.cancel())
      }
    }
  } catch {
    // The connection broke: whoever reads goes on elsewhere.
  }
}

function take(resumed: Resumed, frame: string, { onEvent }: ResumingOptions): void {
  const lines = frame.split('\n').filter((line) => !line.startsWith(':'))
  const field = (name: string) =>
    lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2)
  const data = field('data')
  // A block with `retry:` alone is no event.
  if (data === undefined) return
  const event: Event = {
    id: Number(field('id') ?? NaN),
    frame: lines.join('\n'),
    data,
    at: performance.now(),
  }
  resumed.events.push(event)
  if (resumed.end !== undefined) resumed.problems.push(`after its end: ${data.slice(0, 80)}`)
  if (data === '[DONE]') resumed.end = data
  else {
    const { error } = JSON.parse(data) as { error?: { code: string } }
    if (error) resumed.end = error.code
  }
  onEvent?.(event)
}

/** Numbers from 0 without gaps; only that of an event that ends a lost run may jump. */
function judge(resumed: Resumed): Resumed {
  for (const [index, { id }] of resumed.events.entries()) {
    if (id === index) continue
    const isLast = index === resumed.events.length - 1
    if (isLast && resumed.end === 'instance_lost' && id > index) continue
    resumed.problems.push(`the event ${id} in place ${index}`)
    break
  }
  return resumed
}

/** The text of a chat's stream. */
export function textOf({ events }: Pick<Resumed, 'events'>): string {
  return events
    .filter(({ data }) => data.startsWith('{'))
    .map(({ data }) => JSON.parse(data).choices?.[0]?.delta?.content ?? '')
    .join('')
}
