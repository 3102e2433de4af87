import { expect, it } from 'vitest'
import {
  type LoadEvent,
  readLoadEvents,
} from '../../../../../src/engines/upstream/managers/load-events.ts'

/** What is read of these texts, each of which is a packet. */
async function read(...packets: string[]): Promise<LoadEvent[]> {
  const told: LoadEvent[] = []
  const body = new Response(
    new ReadableStream({
      start(controller) {
        for (const packet of packets) controller.enqueue(new TextEncoder().encode(packet))
        controller.close()
      },
    }),
  ).body
  await readLoadEvents({ body: body as never }, (progress) => told.push(progress))
  return told
}

const event = (data: unknown, model: unknown = 'm') =>
  `data: ${JSON.stringify({ model, event: 'status_change', data })}\n\n`

const progress = { stages: ['text_model'], current: 'text_model', value: 0.5 }

it('reads how much of a model is loaded, in any packets', async () => {
  const stages = ['text_model', 'mmproj_model']
  const text =
    event({ status: 'loading' }) +
    event({ status: 'loading', progress }) +
    event({ status: 'loading', progress: { stages, current: 'mmproj_model', value: 1 } }) +
    event({ status: 'loaded', info: {} })
  const expected = [
    { model: 'm', done: 0.5, part: undefined },
    { model: 'm', done: 1, part: 'mmproj_model' },
  ]
  expect(await read(text)).toEqual(expected)
  expect(await read(...(text.match(/.{1,7}/gs) ?? []))).toEqual(expected)
})

it.each([
  'data: {\n\n',
  'event: x\n\n',
  ': comment\n\n',
  event(null),
  event({ status: 'loading', progress: null }),
  event({ status: 'loading', progress: { ...progress, value: '0.5' } }),
  event({ status: 'loading', progress: { ...progress, value: 2 } }),
  event({ status: 'unloaded', progress }),
  event({ status: 'loading', progress }, 3),
])('reads nothing of %j, and goes on', async (frame) => {
  expect(await read(frame + event({ status: 'loading', progress }))).toHaveLength(1)
})

it('names no part that is not a plain word', async () => {
  const odd = { stages: ['a', 'b'], current: 'a\nb', value: 0 }
  expect(await read(event({ status: 'loading', progress: odd }))).toEqual([
    { model: 'm', done: 0, part: undefined },
  ])
})

it('has no memory for an event without an end', async () => {
  const endless = Array(40).fill('x'.repeat(16_384))
  expect(await read(...endless, `\n\n${event({ status: 'loading', progress })}`)).toHaveLength(1)
})
