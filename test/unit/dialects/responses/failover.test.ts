/** Two upstreams that speak the Responses API: the second one answers where the first one fails. */
import { expect, it } from 'vitest'
import { createHostedHandler } from '../../../../src/handler.ts'
import { readResponses } from '../../../support/responses.ts'
import { begin, end, framesOf, said } from '../../../support/responses-upstream.ts'

type Fields = Record<string, unknown>

function stream(events: Fields[]): Response {
  const text = framesOf(events).map((step) => ('send' in step ? step.send : ''))
  return new Response(text.join(''), { headers: { 'content-type': 'text/event-stream' } })
}

const sound = [...begin, ...said, ...end]

it.each<[string, Fields]>([
  ['a piece of no item', { type: 'response.output_text.delta', output_index: 0, delta: 'a' }],
  ['a state without its response', { type: 'response.in_progress' }],
  ['an end without output', { type: 'response.completed', response: {} }],
])('the stream begins with response.created after %s', async (_, event) => {
  const asked: string[] = []
  const handler = createHostedHandler(
    {
      upstream: ['a', 'b'].map((label) => ({
        url: `http://${label}.invalid/v1`,
        ...{ label, nativeApis: ['responses'] as const },
      })),
      ...{ discover: false, insecure: true },
    },
    {
      fetch: async (address) => {
        if (address.endsWith('/models')) return Response.json({ data: [{ id: 'm' }] })
        asked.push(address)
        return stream(asked.length === 1 ? [event] : sound)
      },
    },
  )
  const answer = await handler.fetch(
    new Request('http://127.0.0.1/v1/responses', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'm', input: 'Go.', stream: true }),
    }),
  )
  const read = readResponses(await answer.text())
  expect(asked).toHaveLength(2)
  expect(read.problems).toEqual([])
  expect(read.events.map(({ type }) => type)).toEqual(sound.map(({ type }) => type))
})
