import { expect, it } from 'vitest'
import { shareOf } from '../../../../src/state/redis/share.ts'

it('divides each limit among the instances, rounded down, one at least', () => {
  const limits = { requestsPerMinute: 100, tokensPerMinute: 10_000, maxConcurrency: 2 }
  expect(shareOf(limits, 3)).toEqual({
    requestsPerMinute: 33,
    tokensPerMinute: 3_333,
    maxConcurrency: 1,
  })
  expect(shareOf(limits, 1)).toEqual(limits)
  expect(shareOf({ requestsPerDay: undefined }, 3)).toEqual({})
})
