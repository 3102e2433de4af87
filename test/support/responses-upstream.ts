/** What a server that speaks the Responses API itself says: a search of its own, and then a word. */
import type { Step } from './script.ts'

type Fields = Record<string, unknown>

/** A response as another server tells it, with an id and fields of its own. */
export function responseOf(status: string, output: object[] = [], more: Fields = {}): Fields {
  return {
    id: 'resp_theirs',
    object: 'response',
    created_at: 1_790_000_000,
    status,
    background: false,
    error: null,
    incomplete_details: null,
    instructions: null,
    metadata: {},
    model: 'theirs',
    output,
    parallel_tool_calls: true,
    temperature: 1,
    top_p: 1,
    presence_penalty: 0,
    frequency_penalty: 0,
    service_tier: 'default',
    text: { format: { type: 'text' } },
    tool_choice: 'auto',
    tools: [],
    usage: null,
    store: false,
    previous_response_id: null,
    ...more,
  }
}

export const usage = {
  input_tokens: 7,
  input_tokens_details: { cached_tokens: 3 },
  output_tokens: 5,
  output_tokens_details: { reasoning_tokens: 2 },
  total_tokens: 12,
}
const part = (text: string) => ({ type: 'output_text', text, annotations: [], logprobs: [] })
const message = (status: string, content: object[]) => ({
  type: 'message',
  id: 'msg_theirs',
  role: 'assistant',
  status,
  content,
})
/** Only a server that runs tools itself tells such an item. */
const search = (status: string) => ({ type: 'web_search_call', id: 'ws_1', status })
const place = { item_id: 'msg_theirs', output_index: 1, content_index: 0 }

/** Their numbers begin where they like: sluice gives its own. */
export function framesOf(events: Fields[]): Step[] {
  return events.map((event, at) => {
    const data = JSON.stringify({ sequence_number: at + 40, ...event })
    return { send: `event: ${event.type}\ndata: ${data}\n\n` }
  })
}

export const begin = [
  { type: 'response.created', response: responseOf('in_progress') },
  { type: 'response.in_progress', response: responseOf('in_progress') },
]
export const said = [
  { type: 'response.output_item.added', output_index: 0, item: search('in_progress') },
  { type: 'response.web_search_call.searching', output_index: 0, item_id: 'ws_1' },
  { type: 'response.output_item.done', output_index: 0, item: search('completed') },
  { type: 'response.output_item.added', output_index: 1, item: message('in_progress', []) },
  { type: 'response.content_part.added', ...place, part: part('') },
  { type: 'response.output_text.delta', ...place, delta: 'Hi', logprobs: [] },
]
export const output = [search('completed'), message('completed', [part('Hi')])]
export const end = [
  { type: 'response.output_text.done', ...place, text: 'Hi', logprobs: [] },
  { type: 'response.content_part.done', ...place, part: part('Hi') },
  { type: 'response.output_item.done', output_index: 1, item: output[1] },
  { type: 'response.completed', response: responseOf('completed', output, { usage }) },
]
