import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { parseSettings } from '../../../../src/settings/settings.ts'
import { ActivityFeed } from '../../../../src/telemetry/activity/activity-feed.ts'
import { FeedReader } from '../../../../src/telemetry/activity/feed-reader.ts'
import type { Sources } from '../../../../src/telemetry/sources.ts'
import { begin } from '../../../support/observed.ts'

afterEach(() => void vi.restoreAllMocks())

let feed: ActivityFeed
beforeEach(() => {
  feed = new ActivityFeed()
  feed.configure(parseSettings({ activity: 4 }), { isolates: false } as Sources)
})

function read() {
  return new FeedReader(feed, { isAdmin: true, name: '' }, () => new Map())
}

describe('one of several readers', () => {
  it('costs no further description of what runs', () => {
    const now = vi.spyOn(performance, 'now').mockReturnValue(1_000)
    const readers = Array.from({ length: 20 }, () => read())
    const { exchange } = begin(feed)
    exchange.timeline.attempt('gpu', 'm')
    const described = vi.spyOn(exchange.timeline, 'queuedMs')
    for (const [at, reader] of readers.entries()) {
      now.mockReturnValue(1_000 + at)
      expect(reader.changes({})?.requests).toMatchObject([{ state: 'prefill' }])
    }
    expect(described).toHaveBeenCalledTimes(1)
    exchange.timeline.token(1_030)
    exchange.timeline.token(1_040)
    for (const [at, reader] of readers.entries()) {
      now.mockReturnValue(1_250 + at)
      expect(reader.changes({})?.requests).toMatchObject([{ state: 'streaming', gaps: [10] }])
    }
    expect(described).toHaveBeenCalledTimes(2)
  })

  it('is told by a look of its own of what has changed since another one looked', () => {
    const now = vi.spyOn(performance, 'now').mockReturnValue(1_000)
    const [one, other] = [read(), read()]
    const { exchange } = begin(feed)
    expect(one.changes({})?.requests).toMatchObject([{ state: 'queued' }])
    exchange.timeline.attempt('gpu', 'm')
    now.mockReturnValue(1_099)
    expect(other.changes({})?.requests).toMatchObject([{ state: 'queued' }])
    expect(one.changes({})?.requests).toMatchObject([{ state: 'prefill' }])
    now.mockReturnValue(1_200)
    expect(other.changes({})?.requests).toMatchObject([{ state: 'prefill' }])
  })
})
