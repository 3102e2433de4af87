import { describe, expect, it } from 'vitest'
import { readResponses } from '../../support/responses.ts'
import { begin, end, responseOf, said } from '../../support/responses-upstream.ts'

type Event = { type: string; [field: string]: unknown }

const right = numbered([...begin, ...said, ...end] as Event[])

function numbered(events: Event[]): Event[] {
  return events.map((event, at) => ({ ...event, sequence_number: at }))
}

function told(events: Event[]): string[] {
  const frames = events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
  return readResponses(frames.join('')).problems
}

function without(type: string): Event[] {
  return numbered(right.filter((event) => event.type !== `response.${type}`))
}

function changed(type: string, fields: object): Event[] {
  return right.map((event) => (event.type === `response.${type}` ? { ...event, ...fields } : event))
}

describe('the judge of a Responses stream', () => {
  it('has nothing against what is right', () => {
    expect(told(right)).toEqual([])
  })

  it.each<[string, Event[]]>([
    ['a gap in the numbers', right.toSpliced(4, 1)],
    ['no creation', without('created')],
    ['no in_progress', without('in_progress')],
    ['two creations', numbered([right[0] as Event, ...right])],
    ['an event nobody knows', changed('in_progress', { type: 'response.odd' })],
    ['an item out of turn', changed('output_item.added', { output_index: 3 })],
    ['no text done', without('output_text.done')],
    ['no part done', without('content_part.done')],
    ['no item done', without('output_item.done')],
    ['another text at the end', changed('output_text.done', { text: 'Ho' })],
    ['a delta without its item', changed('output_text.delta', { item_id: 'msg_other' })],
    ['a delta of no string', changed('output_text.delta', { delta: 3 })],
    ['a delta without logprobs', changed('output_text.delta', { logprobs: undefined })],
    ['another output at the end', changed('completed', { response: responseOf('completed') })],
    ['another status at the end', changed('completed', { response: responseOf('in_progress') })],
    [
      'another response at the end',
      changed('completed', { response: responseOf('completed', [], { id: 'x' }) }),
    ],
    ['something after the end', numbered([...right, right[1] as Event])],
    [
      'a failure without an error',
      numbered([
        ...right.slice(0, -1),
        { type: 'response.failed', response: responseOf('failed') },
      ]),
    ],
  ])('sees %s', (_, events) => {
    expect(told(events)).not.toEqual([])
  })

  it('sees frames of another form, and one that is cut', () => {
    const frame = `event: response.created\ndata: ${JSON.stringify(right[0])}\n\n`
    for (const text of [
      frame.replace('event: response.created\n', ''),
      frame.slice(0, -1),
      `: ping\n${frame}`,
    ]) {
      expect(readResponses(text).problems).not.toEqual([])
    }
    expect(readResponses(frame)).toMatchObject({ problems: [], outcome: 'truncated' })
  })
})
