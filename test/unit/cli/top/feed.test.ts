import { describe, expect, it } from 'vitest'
import { targetOf } from '../../../../src/cli/target.ts'
import { FeedClient } from '../../../../src/cli/top/feed.ts'
import { FeedError } from '../../../../src/cli/top/feed-error.ts'
import type { Fetch } from '../../../../src/platform/fetch.ts'
import type { ActivityList } from '../../../../src/wire/activity/schema.ts'
import { activity, snapshot, storeOf, TIME } from './rows.ts'

const URL_GIVEN = 'http://server:8787'

function clientOf(answer: (url: string, count: number) => Response, isNamed = true): FeedClient {
  let count = 0
  const fetch = (async (url: string) => answer(url, count++)) as unknown as Fetch
  return new FeedClient(fetch, targetOf(URL_GIVEN, 'secret', 'top'), isNamed)
}

const json = (body: unknown, status = 200) => Response.json(body, { status })
const events = (...all: [name: string, data: object][]) =>
  new Response(
    all.map(([name, data]) => `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`).join(''),
    {
      headers: { 'content-type': 'text/event-stream' },
    },
  )
const error = (message: string, code?: string) => ({ error: { message, code } })
const forever = new AbortController().signal

describe('the feed', () => {
  it.each([
    [
      'a key that is refused',
      json(error('key: unknown.'), 401),
      /server:8787: the key was refused \(key: unknown\.\)/,
    ],
    [
      'a key that may not',
      json(error('key: no.'), 403),
      /key: no\. Admin keys see all requests.*SLUICE_CLIENT_KEY/,
    ],
    [
      'a feed that is off',
      json(error('activity: off.', 'activity_off'), 404),
      /^server:8787: activity: off\.$/,
    ],
    [
      'too many readers',
      json(error('stream: too many.'), 429),
      /^server:8787: stream: too many\.$/,
    ],
    ['a page', new Response('<html>', { status: 502 }), /^server:8787: status 502$/],
    [
      'another answer',
      json({ data: [] }),
      /expected the activity of a sluice, got another answer; check/,
    ],
    ['text', new Response('hello'), /expected a JSON object, got something else; check/],
  ])('says what is wrong with %s', async (_, response, message) => {
    await expect(clientOf(() => response.clone()).list(forever)).rejects.toThrow(message)
  })

  it('says what to do where nothing answers', async () => {
    const broken = (): Response => {
      throw new TypeError('fetch failed')
    }
    await expect(clientOf(broken).list(forever)).rejects.toThrow(
      'http://server:8787/v1: expected a server, got none (fetch failed); check the URL, and that the server runs.',
    )
    await expect(clientOf(broken, false).list(forever)).rejects.toThrow(
      /start sluice, or name another server with "sluice top URL"\.$/,
    )
  })

  it('is followed over connections that end, and tells of those that fail', async () => {
    const stop = new AbortController()
    const seen: string[] = []
    const client = clientOf((_, count) => {
      if (count === 1) throw new TypeError('gone')
      return events(
        ['snapshot', snapshot([activity(`r${count}`, 1)])],
        ['changes', { requests: [] }],
      )
    })
    await client.follow(
      {
        onSnapshot: ({ requests }: ActivityList) => seen.push(`snapshot ${requests[0]?.id}`),
        onChanges: () => {
          seen.push('changes')
          if (seen.length > 3) stop.abort()
        },
        onLost: (reason, againIn) => seen.push(`${reason}, ${againIn}`),
      },
      stop.signal,
    )
    expect(seen).toEqual([
      'snapshot r0',
      'changes',
      expect.stringMatching(/none \(gone\).*, 1000$/),
      'snapshot r2',
      'changes',
    ])
  })

  it('ends where the key is refused later, or the first answer is none', async () => {
    const listener = { onSnapshot: () => {}, onChanges: () => {}, onLost: () => {} }
    const later = clientOf((_, count) =>
      count === 0 ? events(['snapshot', snapshot([])]) : json(error('key: gone.'), 401),
    )
    await expect(later.follow(listener, forever)).rejects.toThrow(/the key was refused/)
    const empty = clientOf(() => events())
    await expect(empty.follow(listener, forever)).rejects.toThrow(FeedError)
    const noStream = clientOf(() => json(snapshot([])))
    await expect(noStream.follow(listener, forever)).rejects.toThrow(/expected an event stream/)
  })
})

describe('what the feed has told', () => {
  it('adds new gaps to those before, replaces records, and drops what was removed', () => {
    const store = storeOf([activity('a', 100, { gaps: [1, 2] }), activity('b', 50)])
    store.takeChanges(
      {
        time: TIME + 250,
        requests: [activity('a', 100, { gaps: [3], tokens: 9 })],
        removed: ['b'],
      },
      250,
    )
    expect(store.rows).toMatchObject([{ gaps: [1, 2, 3], age: 350, activity: { tokens: 9 } }])
  })

  it('keeps what changes leave out, and forgets all of another server', () => {
    const store = storeOf([activity('a', 100)], { queue: { waiting: 1, limit: 9 } })
    store.takeChanges({ time: TIME, requests: [] }, 0)
    expect(store.queue).toEqual({ waiting: 1, limit: 9 })
    expect(store.takeSnapshot(snapshot([]), 0)).toBe(false)
    expect(store.takeSnapshot(snapshot([], { instance: 'two' }), 0)).toBe(true)
    expect(store.rows).toEqual([])
  })

  it('leaves out what is no request', () => {
    expect(storeOf([null, 7, {}, { id: 3 }, activity('a', 1)] as never).rows).toHaveLength(1)
  })
})
