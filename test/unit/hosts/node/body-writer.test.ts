import { getHeapStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, it } from 'vitest'
import { nodeBodyWriter } from '../../../../src/hosts/node/body-writer.ts'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as (options: { type: 'minor' }) => void

const COUNT = 5_000

/** Bytes that each of many writers, which nothing needs any more, leaves to the next full collection. */
function leftOfEach(): number {
  const settle = () => {
    // What has survived two of them is not looked at by a third.
    for (let times = 0; times < 3; times++) collect({ type: 'minor' })
    return getHeapStatistics().used_heap_size
  }
  const before = settle()
  for (let count = 0; count < COUNT; count++) {
    const writer = nodeBodyWriter()
    writer.respond({ headers: { 'content-type': 'text/event-stream' } })
    if (count % 500 === 0) settle()
  }
  return (settle() - before) / COUNT
}

it('leaves nothing of a response to the full garbage collections', () => {
  leftOfEach()
  expect(leftOfEach()).toBeLessThan(200)
})

it('has no body that anyone else could read', () => {
  expect(nodeBodyWriter().respond({ status: 201 })).toMatchObject({ body: null, status: 201 })
})
