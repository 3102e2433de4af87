import { expect, it } from 'vitest'
import { ResponseBody } from '../../../../src/transport/http1/response-body.ts'

function makeBody() {
  const calls: string[] = []
  const body = new ResponseBody({
    pause: () => void calls.push('pause'),
    resume: () => void calls.push('resume'),
    discard: () => void calls.push('leave'),
  })
  return { body, calls }
}

const packet = (length: number) => new Uint8Array(length)

it('hands packets over in the moment they come, those that waited first', async () => {
  const { body } = makeBody()
  const taken: number[] = []
  body.push(packet(1))
  const all = body.forEachPacket(({ length }) => {
    taken.push(length)
    return undefined
  })
  expect(taken).toEqual([1])
  body.push(packet(2))
  expect(taken).toEqual([1, 2])
  body.end()
  await all
})

it('holds the next packet back while one is being taken, and slows the sender down', async () => {
  const { body, calls } = makeBody()
  const taken: number[] = []
  let release = () => {}
  const all = body.forEachPacket(({ length }) => {
    taken.push(length)
    return new Promise<void>((resolve) => {
      release = resolve
    })
  })
  body.push(packet(1))
  body.push(packet(300_000))
  body.end()
  expect(taken).toEqual([1])
  release()
  await new Promise((resolve) => setTimeout(resolve))
  expect(taken).toEqual([1, 300_000])
  release()
  await all
  expect(calls).toEqual(['pause', 'resume'])
})

it('tells a cut behind the packets before it', async () => {
  const { body } = makeBody()
  const taken: number[] = []
  body.push(packet(1))
  body.fail(new Error('cut'))
  const all = body.forEachPacket(({ length }) => {
    taken.push(length)
    return Promise.resolve()
  })
  await expect(all).rejects.toThrow('cut')
  expect(taken).toEqual([1])
})
