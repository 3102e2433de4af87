import { expect, it } from 'vitest'
import { GpuQueue } from '../../../../src/engines/webllm/gpu-queue.ts'

const never = new AbortController().signal

it('gives one turn at a time, in order', async () => {
  const turns = new GpuQueue(5)
  const order: string[] = []
  const first = await turns.acquire('a', never)
  const others = ['b', 'c', 'd'].map(async (name) => {
    const turn = await turns.acquire(name, never)
    order.push(name)
    await Promise.resolve()
    order.push(`${name} ends`)
    turn.release()
  })
  expect(turns.isFree).toBe(false)
  first.release()
  await Promise.all(others)
  expect(order).toEqual(['b', 'b ends', 'c', 'c ends', 'd', 'd ends'])
  expect(turns.isFree).toBe(true)
})

it('knows whether the next in line waits for the same', async () => {
  const turns = new GpuQueue(5)
  const turn = await turns.acquire('a', never)
  expect(turn.isNextForSameModel()).toBe(false)
  void turns.acquire('a', never)
  expect(turn.isNextForSameModel()).toBe(true)
})

it('ends a turn once', async () => {
  const turns = new GpuQueue(5)
  const first = await turns.acquire('a', never)
  const second = turns.acquire('b', never)
  let hasThird = false
  void turns.acquire('c', never).then(() => {
    hasThird = true
  })
  first.release()
  first.release()
  await second
  await Promise.resolve()
  expect(hasThird).toBe(false)
})

it('lets those who leave the line leave it', async () => {
  const turns = new GpuQueue(1)
  const first = await turns.acquire('a', never)
  const leave = new AbortController()
  const waiting = turns.acquire('b', leave.signal)
  await expect(turns.acquire('c', never)).rejects.toMatchObject({
    status: 503,
    code: 'engine_busy',
  })
  leave.abort(new Error('left'))
  await expect(waiting).rejects.toThrow('left')
  const next = turns.acquire('c', never)
  first.release()
  ;(await next).release()
  expect(turns.isFree).toBe(true)
})

it('cannot be filled by one client for all others', async () => {
  const turns = new GpuQueue(2)
  const first = await turns.acquire('a', never, { caller: 'x' })
  const waiting = ['b', 'c'].map((model) => turns.acquire(model, never, { caller: 'x' }))
  const other = turns.acquire('d', never, { caller: 'y' })
  await expect(waiting[1]).rejects.toMatchObject({ status: 503, code: 'engine_busy' })
  await expect(turns.acquire('e', never, { caller: 'x' })).rejects.toMatchObject({
    message: expect.stringContaining('2 requests are waiting, 1 of them yours'),
  })
  first.release()
  ;(await waiting[0])?.release()
  ;(await other).release()
  expect(turns.isFree).toBe(true)
})

it('is given to clients who wait before what runs in the background', async () => {
  const turns = new GpuQueue(1)
  const first = await turns.acquire('a', never)
  const order: string[] = []
  const wait = async (model: string, isBackground: boolean) => {
    const turn = await turns.acquire(model, never, { isBackground })
    order.push(model)
    turn.release()
  }
  const all = [wait('b', true), wait('c', true), wait('d', false)]
  first.release()
  await Promise.all(all)
  expect(order).toEqual(['d', 'b', 'c'])
})
