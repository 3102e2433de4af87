import { expect, it } from 'vitest'
import { decodeResponse, encodeInSteps } from '../../../../src/state/redis/response-text.ts'
import type { StoredResponse } from '../../../../src/state/response-store.ts'

const item = (id: string, text: string) => ({
  ...{ id, type: 'message', role: 'user', status: 'completed' },
  content: [{ type: 'input_text', text }],
})

it('is written in steps, with the place of each item, and read as it was', () => {
  const input = Array.from({ length: 50 }, (_, at) => item(`msg_${at}`, `${at} é\n`.repeat(2_000)))
  const output = [item('msg_answer', 'Yes.'), item('msg_3', 'The same id.')]
  const stored = { input, response: { id: 'resp_1', object: 'response', output, status: 'x' } }
  const steps = encodeInSteps(stored as unknown as StoredResponse)
  let count = 0
  let step = steps.next()
  for (; !step.done; step = steps.next()) count++
  expect(count).toBeGreaterThan(20)
  const { text, bytes, ids, places } = step.value
  const written = Buffer.from(text)
  expect(written.length).toBe(bytes)
  expect(decodeResponse(text)).toEqual(stored)
  expect(ids).toEqual([...input, ...output.slice(0, 1)].map(({ id }) => id))
  const read = places.map((place) => {
    const [first = 0, last = 0] = place.split(' ').map(Number)
    return JSON.parse(written.subarray(first, last + 1).toString()) as unknown
  })
  expect(read).toEqual([...input, ...output.slice(0, 1)])
})
