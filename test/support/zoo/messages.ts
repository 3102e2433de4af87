/** A message as it should be, and those that break one rule of its own each. */
import { type Animal, type Fields, stream } from './animal.ts'

const message = {
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'zoo',
  content: [],
  stop_reason: null,
  stop_sequence: null,
  usage: { input_tokens: 5, output_tokens: 1 },
}

const start: Fields = { type: 'message_start', message }
const open: Fields = {
  type: 'content_block_start',
  index: 0,
  content_block: { type: 'text', text: '' },
}
const ping: Fields = { type: 'ping' }
const words = ['One ', 'two ', 'three.'].map(
  (text): Fields => ({
    type: 'content_block_delta',
    index: 0,
    delta: { type: 'text_delta', text },
  }),
)
const close: Fields = { type: 'content_block_stop', index: 0 }
const finish = finishOf({ stop_reason: 'end_turn', stop_sequence: null })
const stop: Fields = { type: 'message_stop' }

const all = [start, open, ping, ...words, close, finish, stop]

function finishOf(delta: Fields, usage: Fields = { output_tokens: 3 }): Fields {
  return { type: 'message_delta', delta, usage }
}

function frame(event: Fields): string {
  return `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`
}

function replaced(old: Fields | undefined, ...others: Fields[]) {
  return stream(all.flatMap((event) => (event === old ? others : [event])).map(frame))
}

export const soundMessage = all.map(frame)

const json = { type: 'input_json_delta', partial_json: '{}' }

export const tellers: Animal[] = [
  {
    rule: 'event-name',
    script: stream(soundMessage.map((text) => text.replace(/^event: .*\n/, ''))),
    like: 'gateways that translate into data lines alone',
  },
  { rule: 'event-fields', script: replaced(words[1], { ...words[1], delta: undefined }) },
  {
    rule: 'event-fields',
    script: replaced(start, { ...start, message: { ...message, model: undefined } }),
  },
  { rule: 'start-first', script: replaced(start, ping, open, start, close) },
  { rule: 'start-first', script: replaced(words[1], start) },
  { rule: 'block-open', script: replaced(words[0], { ...words[0], index: 1 }) },
  { rule: 'block-open', script: replaced(words[0], { ...words[0], delta: json }) },
  { rule: 'block-open', script: replaced(close, close, close) },
  { rule: 'block-closed', script: replaced(close) },
  {
    rule: 'finish-reason',
    script: replaced(finish, finishOf({ stop_reason: 'stop' })),
    like: 'gateways that pass OpenAI’s word on',
  },
  { rule: 'finish-missing', script: replaced(finish, finishOf({ stop_reason: null })) },
  { rule: 'usage-asked', script: replaced(finish, finishOf({ stop_reason: 'end_turn' }, {})) },
  { rule: 'done-missing', script: replaced(stop) },
  { rule: 'after-done', script: replaced(stop, stop, ping, words[0] as Fields) },
  { rule: 'truncated', script: stream(soundMessage.slice(0, 4)) },
  {
    rule: 'error-in-stream',
    script: replaced(words[2], {
      type: 'error',
      error: { type: 'overloaded_error', message: 'Overloaded' },
    }),
    like: 'Anthropic’s API under load',
  },
]
