import { expect, it } from 'vitest'
import { Turns } from '../../../../src/engines/webllm/gpu-queue.ts'

const never = new AbortController().signal

it('gives one turn at a time, in order', async () => {
  const turns = new Turns(5)
  const order: string[] = []
  const first = await turns.take('a', never)
  const others = ['b', 'c', 'd'].map(async (name) => {
    const turn = await turns.take(name, never)
    order.push(name)
    await Promise.resolve()
    order.push(`${name} ends`)
    turn.end()
  })
  expect(turns.isFree).toBe(false)
  first.end()
  await Promise.all(others)
  expect(order).toEqual(['b', 'b ends', 'c', 'c ends', 'd', 'd ends'])
  expect(turns.isFree).toBe(true)
})

it('knows whether the next in line waits for the same', async () => {
  const turns = new Turns(5)
  const turn = await turns.take('a', never)
  expect(turn.isShared()).toBe(false)
  void turns.take('a', never)
  expect(turn.isShared()).toBe(true)
})

it('ends a turn once', async () => {
  const turns = new Turns(5)
  const first = await turns.take('a', never)
  const second = turns.take('b', never)
  let hasThird = false
  void turns.take('c', never).then(() => {
    hasThird = true
  })
  first.end()
  first.end()
  await second
  await Promise.resolve()
  expect(hasThird).toBe(false)
})

it('lets those who leave the line leave it', async () => {
  const turns = new Turns(1)
  const first = await turns.take('a', never)
  const leave = new AbortController()
  const waiting = turns.take('b', leave.signal)
  await expect(turns.take('c', never)).rejects.toMatchObject({ status: 503, code: 'engine_busy' })
  leave.abort(new Error('left'))
  await expect(waiting).rejects.toThrow('left')
  const next = turns.take('c', never)
  first.end()
  ;(await next).end()
  expect(turns.isFree).toBe(true)
})
