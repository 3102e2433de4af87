/** A response as it should be, and those that break one rule of its own each. */
import { type Animal, type Fields, stream } from './animal.ts'

const response = { id: 'resp_1', object: 'response', status: 'in_progress', output: [] }
const item = { id: 'msg_1', type: 'message', role: 'assistant', status: 'in_progress', content: [] }
const part = { type: 'output_text', text: '', annotations: [] }
const place = { item_id: 'msg_1', output_index: 0, content_index: 0 }
const text = 'One two three.'
const usage = { input_tokens: 5, output_tokens: 3, total_tokens: 8 }

const created: Fields = { type: 'response.created', response }
const running: Fields = { type: 'response.in_progress', response }
const added: Fields = { type: 'response.output_item.added', output_index: 0, item }
const partAdded: Fields = { type: 'response.content_part.added', ...place, part }
const words = ['One ', 'two ', 'three.'].map(
  (delta): Fields => ({ type: 'response.output_text.delta', ...place, delta, logprobs: [] }),
)
const textDone: Fields = { type: 'response.output_text.done', ...place, text, logprobs: [] }
const partDone: Fields = { type: 'response.content_part.done', ...place, part: { ...part, text } }
const itemDone: Fields = {
  type: 'response.output_item.done',
  output_index: 0,
  item: { ...item, status: 'completed', content: [{ ...part, text }] },
}
const done = { ...response, status: 'completed', output: [itemDone.item], usage }
const completed: Fields = { type: 'response.completed', response: done }

const all = [
  ...[created, running, added, partAdded],
  ...words,
  ...[textDone, partDone, itemDone, completed],
]

/** Counted anew, so that nothing but what is changed is wrong. */
function framesOf(events: Fields[]): string[] {
  return events.map((event, at) => {
    const counted = { ...event, sequence_number: event.sequence_number ?? at }
    return `event: ${event.type}\ndata: ${JSON.stringify(counted)}\n\n`
  })
}

function replaced(old: Fields | undefined, ...others: Fields[]) {
  return stream(framesOf(all.flatMap((event) => (event === old ? others : [event]))))
}

export const soundResponse = framesOf(all)

const error = { code: 'server_error', message: 'CUDA out of memory' }

export const responders: Animal[] = [
  {
    rule: 'event-name',
    script: stream(soundResponse.map((frame) => frame.replace(/^event: .*\n/, ''))),
  },
  {
    rule: 'event-fields',
    script: replaced(words[1], words[1] as Fields, { ...words[1], delta: 7 }),
  },
  { rule: 'event-sequence', script: replaced(words[1], { ...words[1], sequence_number: 90 }) },
  { rule: 'start-first', script: replaced(created) },
  {
    rule: 'id-steady',
    script: replaced(completed, { ...completed, response: { ...done, id: 'r2' } }),
  },
  { rule: 'id-steady', script: replaced(words[1], { ...words[1], item_id: 'msg_2' }) },
  { rule: 'block-open', script: replaced(words[0], words[0] as Fields, { ...added }) },
  { rule: 'block-open', script: replaced(partAdded) },
  { rule: 'block-closed', script: replaced(itemDone) },
  { rule: 'block-closed', script: replaced(partDone) },
  { rule: 'done-text', script: replaced(textDone, { ...textDone, text: 'One two' }) },
  {
    rule: 'finish-reason',
    script: replaced(completed, { ...completed, response: { ...done, status: 'in_progress' } }),
  },
  {
    rule: 'usage-asked',
    script: replaced(completed, { ...completed, response: { ...done, usage: null } }),
  },
  { rule: 'after-done', script: replaced(completed, completed, running) },
  { rule: 'truncated', script: replaced(completed) },
  {
    rule: 'error-in-stream',
    script: replaced(completed, {
      type: 'response.failed',
      response: { ...response, status: 'failed', error },
    }),
  },
  { rule: 'error-in-stream', script: replaced(words[2], { type: 'error', ...error, param: null }) },
]
