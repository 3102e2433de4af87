import { expect, it } from 'vitest'
import { createReplay } from '../../../../src/engines/replay/replay.ts'
import { createHostedHandler } from '../../../../src/handler.ts'
import type { Recording } from '../../../../src/recording/recording.ts'
import { encodeText } from '../../../../src/wire/sse/sse.ts'

/** A recording of a chat with `model`, whose answer is one word. */
function recordingOf(model: string): Recording {
  const choices = [{ index: 0, delta: { role: 'assistant', content: 'Hi' }, finish_reason: 'stop' }]
  const chunk = { id: 'c1', object: 'chat.completion.chunk', created: 1, model, choices }
  const body = JSON.stringify({ model, stream: true, messages: [] })
  return {
    recordedAt: '2026-11-26T00:00:00.000Z',
    by: 'a test',
    request: { method: 'POST', url: 'http://127.0.0.1:1/v1/chat/completions', headers: {}, body },
    response: { at: 1, status: 200, headers: [['content-type', 'text/event-stream']] },
    packets: [{ at: 2, bytes: encodeText(`data: ${JSON.stringify(chunk)}\n\ndata: [DONE]\n\n`) }],
    end: { at: 3, how: 'end' },
  }
}

it.each([
  ['qwen3:8b', 'qwen3:8b'],
  // The name of the built-in model, which answers to it itself.
  ['static', 'replay'],
])('a recording of the model %s is served as %s', async (recorded, served) => {
  const engines = [createReplay(recordingOf(recorded), { speed: 0 })]
  const handler = createHostedHandler({ discover: false, insecure: true }, { engines })
  const at = (path: string) => `http://127.0.0.1/v1/${path}`
  const list = await handler.fetch(new Request(at('models')))
  const { data } = (await list.json()) as { data: { id: string }[] }
  expect(data.map(({ id }) => id)).toEqual([served, 'static'])
  const body = JSON.stringify({
    model: served,
    stream: true,
    messages: [{ role: 'user', content: 'Go.' }],
  })
  const headers = { 'content-type': 'application/json' }
  const answer = await handler.fetch(
    new Request(at('chat/completions'), { method: 'POST', headers, body }),
  )
  expect(await answer.text()).toContain('"content":"Hi"')
})
