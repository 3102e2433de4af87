import { expect, it } from 'vitest'
import { checkStream } from '../../../src/check/check-stream.ts'
import type { Recording } from '../../../src/recording/recording.ts'
import { encodeText } from '../../../src/wire/sse/sse.ts'

/** A stream whose events are numbered, with these headers of the response. */
function numbered(...more: [string, string][]): Recording {
  const chunk = (choice: object) =>
    JSON.stringify({
      id: 'a',
      object: 'chat.completion.chunk',
      created: 1_790_000_000,
      model: 'm',
      choices: [{ index: 0, ...choice }],
    })
  const events = [
    chunk({ delta: { role: 'assistant', content: 'Hi' }, finish_reason: null }),
    chunk({ delta: {}, finish_reason: 'stop' }),
    '[DONE]',
  ]
  const text = events.map((data, number) => `id: ${number}\ndata: ${data}\n\n`).join('')
  const headers: [string, string][] = [
    ['content-type', 'text/event-stream; charset=utf-8'],
    ...more,
  ]
  return {
    recordedAt: '2026-11-26T00:00:00.000Z',
    by: 'a test',
    request: {
      method: 'POST',
      url: 'http://127.0.0.1/v1/chat/completions',
      headers: {},
      body: '{"stream":true}',
    },
    response: { at: 1, status: 200, headers },
    packets: [{ at: 2, bytes: encodeText(text) }],
    end: { at: 3, how: 'end' },
  }
}

const rulesOf = (recording: Recording) => checkStream(recording).map(({ rule }) => rule)

it('takes numbers of events for a hint only where the stream cannot be resumed', () => {
  expect(rulesOf(numbered())).toContain('named-event')
  expect(rulesOf(numbered(['X-Sluice-Resume', '/v1/streams/strm_1']))).not.toContain('named-event')
})
