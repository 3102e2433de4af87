import fc from 'fast-check'
import { expect, it } from 'vitest'
import { EndedRequests, type Weight } from '../../../../src/telemetry/activity/ended-requests.ts'
import type { Activity } from '../../../../src/wire/activity/schema.ts'

function ended(id: string) {
  return { activity: { id } as Activity, owner: '', gapCount: 0 }
}

const weight = fc.constantFrom<Weight>('failed', 'answered', 'other')

it('never keeps more than it may, and of each kind its share', () => {
  fc.assert(
    fc.property(
      fc.array(weight, { maxLength: 200 }),
      fc.integer({ min: 1, max: 40 }),
      (all, most) => {
        const requests = new EndedRequests()
        requests.capacity = most
        for (const [at, each] of all.entries()) requests.add(ended(String(at)), each)
        const kept = requests.since(0).map(({ activity }) => Number(activity.id))
        expect(kept).toHaveLength(Math.min(most, all.length))
        expect(kept).toEqual([...kept].sort((one, other) => other - one))
        expect(requests.forgotten).toBe(all.length - kept.length)
        for (const [kind, share] of [
          ['failed', 1 / 2],
          ['answered', 3 / 8],
          ['other', 1 / 8],
        ] as const) {
          const own = all.flatMap((each, at) => (each === kind ? [at] : []))
          const sure = Math.floor(most * share)
          const missing = own
            .slice(sure === 0 ? own.length : -sure)
            .filter((at) => !kept.includes(at))
          expect(missing).toEqual([])
        }
      },
    ),
  )
})

it('keeps a failure for longer than any number of answers', () => {
  const requests = new EndedRequests()
  requests.capacity = 8
  requests.add(ended('failure'), 'failed')
  for (let count = 0; count < 1_000; count++) requests.add(ended(`ok-${count}`), 'answered')
  expect(requests.get('failure')).toBeDefined()
  expect(requests.since(0).at(-1)?.activity.id).toBe('failure')
})

it('takes places from what no engine was asked for before it takes any from failures', () => {
  const requests = new EndedRequests()
  requests.capacity = 8
  for (let count = 0; count < 6; count++) requests.add(ended(`failure-${count}`), 'failed')
  for (let count = 0; count < 20; count++) requests.add(ended(`list-${count}`), 'other')
  const kept = requests.since(0).map(({ activity }) => activity.id)
  expect(kept.filter((id) => id.startsWith('failure'))).toHaveLength(6)
})

it('has those after a number, the newest first', () => {
  const requests = new EndedRequests()
  requests.capacity = 10
  const kinds: Weight[] = ['failed', 'other', 'answered', 'failed']
  for (const [at, each] of kinds.entries()) requests.add(ended(String(at)), each)
  expect(requests.last).toBe(4)
  expect(requests.since(2).map(({ activity }) => activity.id)).toEqual(['3', '2'])
  expect(requests.since(4)).toEqual([])
})

it('forgets what is beyond a smaller capacity at once, and keeps nothing at 0', () => {
  const requests = new EndedRequests()
  requests.capacity = 10
  for (let count = 0; count < 10; count++) requests.add(ended(String(count)), 'answered')
  requests.capacity = 3
  expect(requests.since(0).map(({ activity }) => activity.id)).toEqual(['9', '8', '7'])
  requests.capacity = 0
  requests.add(ended('x'), 'failed')
  expect(requests.since(0)).toEqual([])
})
