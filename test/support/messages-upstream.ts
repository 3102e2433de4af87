import type { Script, Step } from './script.ts'

type Event = { type: string; [field: string]: unknown }

/** A frame of a stream whose events have names. */
export function named(event: Event): string {
  return `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`
}

interface Said {
  thinking?: string[]
  text?: string[]
  calls?: { id: string; name: string; input: string[] }[]
  stop_reason?: string
  usage?: { input_tokens: number; output_tokens: number }
}

/** The events of this message from a server with the Messages API. */
export function messageEvents(said: Said): Event[] {
  const usage = said.usage ?? { input_tokens: 5, output_tokens: 7 }
  const message = {
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    content: [],
    model: 'm',
    stop_reason: null,
    stop_sequence: null,
    usage: { ...usage, output_tokens: 0 },
  }
  let index = 0
  const block = (content_block: object, deltas: object[]): Event[] => {
    const at = index++
    return [
      { type: 'content_block_start', index: at, content_block },
      ...deltas.map((delta) => ({ type: 'content_block_delta', index: at, delta })),
      { type: 'content_block_stop', index: at },
    ]
  }
  const thinking = said.thinking?.map((thought) => ({ type: 'thinking_delta', thinking: thought }))
  const text = said.text?.map((piece) => ({ type: 'text_delta', text: piece }))
  return [
    { type: 'message_start', message },
    ...(thinking ? block({ type: 'thinking', thinking: '', signature: '' }, thinking) : []),
    ...(text ? block({ type: 'text', text: '' }, text) : []),
    ...(said.calls ?? []).flatMap(({ id, name, input }) =>
      block(
        { type: 'tool_use', id, name, input: {} },
        input.map((partial_json) => ({ type: 'input_json_delta', partial_json })),
      ),
    ),
    {
      type: 'message_delta',
      delta: {
        stop_reason: said.stop_reason ?? (said.calls ? 'tool_use' : 'end_turn'),
        stop_sequence: null,
      },
      usage: { output_tokens: usage.output_tokens },
    },
    { type: 'message_stop' },
  ]
}

/** Those events as an answer, each in a packet of its own. */
export function messageStream(events: Event[], wait = 0): Script {
  const steps = events.flatMap((event): Step[] => [
    ...(wait > 0 ? [{ wait }] : []),
    { send: named(event) },
  ])
  return { headers: { 'content-type': 'text/event-stream' }, steps }
}

/** The same message as one JSON answer. */
export function wholeMessage({ thinking, text, calls, stop_reason, usage }: Said): Script {
  const content = [
    ...(thinking ? [{ type: 'thinking', thinking: thinking.join(''), signature: '' }] : []),
    ...(text ? [{ type: 'text', text: text.join('') }] : []),
    ...(calls ?? []).map(({ id, name, input }) => ({
      type: 'tool_use',
      id,
      name,
      input: JSON.parse(input.join('') || '{}'),
    })),
  ]
  const message = {
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model: 'm',
    content,
    stop_reason: stop_reason ?? (calls ? 'tool_use' : 'end_turn'),
    stop_sequence: null,
    usage: usage ?? { input_tokens: 5, output_tokens: 7 },
  }
  return {
    headers: { 'content-type': 'application/json' },
    steps: [{ send: JSON.stringify(message) }],
  }
}
