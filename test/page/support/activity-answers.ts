// An answer of a chat as the activity view sees it.

function chunk(delta: object, finish_reason: string | null = null): string {
  const choices = [{ index: 0, delta, finish_reason }]
  const body = { id: 'c', object: 'chat.completion.chunk', created: 1, model: 'water', choices }
  return `data: ${JSON.stringify(body)}\n\n`
}

/** What is sent for one answer with reasoning, Markdown and a call, in pieces. */
export function chatStream(
  texts: readonly string[] = ['Water ', 'finds **its', ' way**.'],
): string[] {
  const call = { index: 0, id: 'call_1', type: 'function' }
  return [
    ': loading water 50 %\n',
    chunk({ role: 'assistant', content: '' }),
    chunk({ reasoning_content: 'Hm, water.' }),
    ...texts.map((content) => chunk({ content })),
    chunk({ tool_calls: [{ ...call, function: { name: 'look', arguments: '' } }] }),
    chunk({ tool_calls: [{ index: 0, function: { arguments: '{"at":"sea"}' } }] }),
    chunk({}, 'stop'),
    'data: [DONE]\n\n',
  ]
}

/** The same as a recording. */
export function recordingText(url: string): string {
  const body = JSON.stringify({
    model: 'water',
    stream: true,
    messages: [{ role: 'user', content: 'It\u0027s wet.' }],
  })
  const request = { method: 'POST', url: `${url}/v1/chat/completions`, headers: {}, body }
  const headers = [
    ['content-type', 'text/event-stream'],
    ['cache-control', 'no-cache'],
  ]
  return [
    { 'sluice-recording': 1, recordedAt: new Date(0).toISOString(), by: 'a test' },
    { request },
    { at: 5, response: { status: 200, headers } },
    ...chatStream().map((text, index) => ({ at: 10 + index * 60, text })),
    { at: 700, end: 'end' },
  ]
    .map((line) => `${JSON.stringify(line)}\n`)
    .join('')
}
