import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { parseSettings } from '../../../../src/settings/settings.ts'
import { ActivityFeed } from '../../../../src/telemetry/activity/activity-feed.ts'
import { FeedReader } from '../../../../src/telemetry/activity/feed-reader.ts'
import type { Sources } from '../../../../src/telemetry/sources.ts'
import type { ActivityState } from '../../../../src/wire/activity/schema.ts'
import { ApiError } from '../../../../src/wire/errors/api-error.ts'
import { begin, end, observed } from '../../../support/observed.ts'

const ADMIN = { isAdmin: true, name: '' }

afterEach(() => void vi.restoreAllMocks())

let feed: ActivityFeed
let places: Map<object, number>
beforeEach(() => {
  feed = new ActivityFeed()
  places = new Map()
  feed.configure(parseSettings({ activity: 4 }), { isolates: false } as Sources)
})

function read(viewer = ADMIN) {
  return new FeedReader(feed, viewer, () => places)
}

describe('a reader', () => {
  it('is told of a request when it changes, and not because time passes', async () => {
    const reader = read()
    expect(reader.snapshot({ keys: [] })).toEqual({ requests: [], keys: [] })
    const { request, exchange } = begin(feed)
    expect(reader.changes({})?.requests).toMatchObject([{ id: request.id, state: 'queued' }])
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect(reader.changes({})).toBeUndefined()
    exchange.timeline.attempt('gpu', 'm')
    expect(reader.changes({})?.requests).toMatchObject([
      { state: 'prefill', engine: 'gpu', model: 'm' },
    ])
    expect(reader.changes({})).toBeUndefined()
  })

  it('gets each gap once, also of a request that has ended meanwhile', () => {
    const reader = read()
    const { request, exchange } = begin(feed)
    exchange.timeline.attempt('gpu', 'm')
    const gaps = () => reader.changes({})?.requests[0]?.gaps
    exchange.timeline.token(1_000)
    exchange.timeline.token(1_010)
    expect(gaps()).toEqual([10])
    exchange.timeline.token(1_030)
    exchange.timeline.token(1_060)
    expect(gaps()).toEqual([20, 30])
    exchange.timeline.token(1_100)
    end(feed, request, 'finished')
    expect(gaps()).toEqual([40])
    expect(read().snapshot({ keys: [] }).requests[0]?.gaps).toEqual([10, 20, 30, 40])
  })

  it('gets the end of a request once, and only what it may see', () => {
    const [all, anns, bobs] = [
      read(),
      read({ isAdmin: false, name: 'ann' }),
      read({ isAdmin: false, name: 'bob' }),
    ]
    const { request, exchange } = begin(feed)
    exchange.timeline.attempt('gpu', 'm')
    exchange.failures.push('other upstream_unreachable')
    end(feed, request, 'failed')
    expect(all.changes({})?.requests).toMatchObject([{ outcome: 'failed', engine: 'gpu' }])
    const [own] = anns.changes({})?.requests ?? []
    expect(own).toMatchObject({ outcome: 'failed', key: 'ann' })
    for (const field of ['engine', 'failures', 'affinity', 'capture'])
      expect(own).not.toHaveProperty(field)
    expect(bobs.changes({})).toBeUndefined()
    for (const reader of [all, anns, bobs]) expect(reader.changes({})).toBeUndefined()
  })

  it('sees nothing where it has no name, not even what else has none', () => {
    const nobody = read({ isAdmin: false, name: '' })
    const { request } = begin(feed)
    request.caller = { name: '', isAdmin: false }
    expect(nobody.changes({})).toBeUndefined()
    end(feed, request, 'finished')
    expect(nobody.changes({})).toBeUndefined()
  })

  it('is told what is not kept any more, however long it did not read', () => {
    const reader = read()
    const first = begin(feed)
    expect(reader.changes({})?.requests).toHaveLength(1)
    end(feed, first.request, 'finished')
    const others = Array.from({ length: 6 }, () => {
      const { request } = begin(feed)
      end(feed, request, 'finished')
      return request.id
    })
    const changes = reader.changes({})
    expect(changes?.removed).toEqual([first.request.id])
    expect(changes?.requests.map(({ id }) => id)).toEqual(others.slice(-4).reverse())
    end(feed, begin(feed).request, 'finished')
    expect(reader.changes({})?.removed).toEqual([others[2]])
  })

  it('is told of the rest only where it has changed', () => {
    const reader = read()
    const queue = { waiting: 0, limit: 9 }
    reader.snapshot({ keys: [], queue })
    expect(reader.changes({ keys: [], queue: { ...queue } })).toBeUndefined()
    expect(reader.changes({ keys: [], queue: { ...queue, waiting: 1 } })).toEqual({
      requests: [],
      queue: { waiting: 1, limit: 9 },
    })
  })

  it('is told the place in the queue', () => {
    const reader = read()
    const { exchange } = begin(feed)
    exchange.timeline.enterQueue(performance.now())
    places.set(exchange, 3)
    expect(reader.changes({})?.requests).toMatchObject([{ state: 'queued', place: 3 }])
    places.set(exchange, 2)
    expect(reader.changes({})?.requests).toMatchObject([{ place: 2 }])
  })
})

describe('the feed', () => {
  it.each<[string, Partial<Parameters<typeof observed>[0]>]>([
    ['the page', { route: '/', method: 'GET', path: '/' }],
    ['health', { route: '/health', method: 'GET' }],
    ['metrics', { route: '/metrics', method: 'GET' }],
    ['itself', { route: '/v1/activity/:id', method: 'GET' }],
    ['captures', { route: '/v1/captures', method: 'GET' }],
    ['a file', { route: undefined, method: 'GET', path: '/assets/page.js' }],
    ['a preflight', { route: undefined, method: 'OPTIONS' }],
  ])('does not list %s', (_, fields) => {
    const request = observed(fields)
    feed.onArrival(request, new Headers())
    const reader = read()
    expect(reader.snapshot({ keys: [] }).requests).toEqual([])
    end(feed, request, 'ok')
    expect(reader.changes({})).toBeUndefined()
    expect(feed.running.size).toBe(0)
  })

  it('lists a client with a wrong address', () => {
    const request = observed({ route: undefined, path: '/v1/v1/chat/completions' })
    feed.onArrival(request, new Headers())
    request.failure = new ApiError(404, 'path: there is no such route', { code: 'not_found' })
    request.status = 404
    end(feed, request, 'refused')
    expect(read().snapshot({ keys: [] }).requests).toMatchObject([
      { api: null, outcome: 'refused', code: 'not_found', message: 'path: there is no such route' },
    ])
  })

  it('cuts what a client says of itself, and makes it safe', () => {
    const { request } = begin(feed, {
      'user-agent': `a\u0007${'b'.repeat(999)}`,
      'x-session-id': 's'.repeat(200),
    })
    const [activity] = read().snapshot({ keys: [] }).requests
    expect(activity?.id).toBe(request.id)
    expect(activity?.client).toMatch(/^a\\u0007b+…$/)
    expect(activity?.session).toMatch(/^s{100}…$/)
  })

  it('knows the session and the model by the body, where no header names one', () => {
    const request = observed({ asked: 'small\u202e' })
    feed.onArrival(request, new Headers())
    feed.onBody(request, { model: 'small\u202e', stream: true, prompt_cache_key: 'session-1' })
    expect(read().snapshot({ keys: [] }).requests).toMatchObject([
      { state: 'reading', model: 'small\\u202e', streamed: true, session: 'session-1' },
    ])
  })

  it('forgets an exchange and its answer when it has ended', () => {
    const { request } = begin(feed)
    end(feed, request, 'finished')
    expect(feed.running.size).toBe(0)
    expect(JSON.parse(JSON.stringify(feed.ended.since(0)))).toEqual(feed.ended.since(0))
  })

  it('is empty where it is switched off', () => {
    begin(feed)
    expect(
      feed.configure(parseSettings({ activity: 0 }), { isolates: false } as Sources),
    ).toBeUndefined()
    expect(feed.isOn).toBe(false)
    expect(feed.running.size).toBe(0)
  })
})

describe('a request', () => {
  it.each<[ActivityState, (exchange: ReturnType<typeof begin>['exchange'], now: number) => void]>([
    ['queued', ({ timeline }, now) => timeline.enterQueue(now)],
    ['loading', (exchange, now) => exchange.showLoading('loading m 40 %', now)],
    ['prefill', ({ timeline }) => timeline.attempt('gpu', 'm')],
    ['streaming', ({ timeline }, now) => [timeline.attempt('gpu', 'm'), timeline.token(now)]],
    [
      'streaming',
      ({ timeline }, now) => [timeline.attempt('gpu', 'm'), timeline.token(now - 4_000)],
    ],
    ['stalled', ({ timeline }, now) => [timeline.attempt('gpu', 'm'), timeline.token(now - 5_001)]],
    [
      'streaming',
      ({ timeline }, now) => [
        timeline.attempt('gpu', 'm'),
        timeline.token(now),
        timeline.waitForClient(now - 200),
      ],
    ],
    [
      'blocked',
      ({ timeline }, now) => [
        timeline.attempt('gpu', 'm'),
        timeline.token(now - 300),
        timeline.waitForClient(now - 300),
      ],
    ],
    [
      'blocked',
      ({ timeline }, now) => [
        timeline.attempt('gpu', 'm'),
        timeline.token(now - 9_000),
        timeline.waitForClient(now - 8_990),
      ],
    ],
  ])('is %s', (state, act) => {
    const { exchange } = begin(feed)
    vi.spyOn(performance, 'now').mockReturnValue(100_000)
    act(exchange, 100_000)
    expect(read().snapshot({ keys: [] }).requests).toMatchObject([{ state }])
  })

  it('that is stopped before it asks an engine asks none', () => {
    const request = observed()
    feed.onArrival(request, new Headers())
    const tracked = feed.running.get(request.id)
    if (tracked) feed.stop(tracked, false)
    const { exchange } = begin(feed)
    request.exchange = exchange
    feed.onExchange(request, exchange)
    expect(exchange.outcome).toMatchObject({
      kind: 'cancelled',
      reason: { code: 'request_stopped' },
    })
  })

  it('that another one may not touch is only marked, until its own tick', () => {
    const { request, exchange } = begin(feed)
    const tracked = feed.running.get(request.id)
    if (tracked) feed.stop(tracked, true)
    expect(exchange.outcome).toBeUndefined()
    expect(exchange.stopReason).toMatchObject({ code: 'request_stopped' })
  })
})

it('ends what the runtime has ended without a word, once it is silent for long', () => {
  feed.configure(parseSettings({}), { isolates: true } as Sources)
  const gone = begin(feed)
  const alive = begin(feed)
  const later = performance.now() + 20_000
  alive.exchange.timeline.checkedAt = later - 500
  feed.endSilent(later)
  expect([...feed.running.keys()]).toEqual([alive.request.id])
  expect(feed.ended.get(gone.request.id)?.activity).toMatchObject({
    state: 'ended',
    outcome: 'cancelled',
  })
  feed.onEnd(gone.request)
  expect(feed.ended.since(0)).toHaveLength(1)
})
