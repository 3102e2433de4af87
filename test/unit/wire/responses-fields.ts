import type { Samples } from './chat-fields.ts'

const user = (content: unknown) => [{ role: 'user', content }]

/** Of each field: what passes, and what does not, with the path of the fault. */
export const fields = {
  background: { right: [true, false], wrong: [['yes', 'background']] },
  include: {
    right: [[], ['reasoning.encrypted_content', 'message.output_text.logprobs']],
    wrong: [
      ['all', 'include'],
      [['everything'], 'include[0]'],
    ],
  },
  input: {
    right: [
      'hi',
      [{ type: 'message', role: 'developer', content: 'hi' }],
      user([
        { type: 'input_text', text: 'hi' },
        { type: 'input_image', image_url: 'data:image/png;base64,AA==', detail: 'low' },
        { type: 'input_file', file_data: 'AA==', filename: 'a.pdf' },
        { type: 'input_audio', input_audio: { data: 'AA==', format: 'wav' } },
      ]),
      [{ role: 'assistant', content: [{ type: 'output_text', text: 'hi', annotations: [] }] }],
      [{ type: 'function_call', call_id: 'a', name: 'f', arguments: '{}', status: 'completed' }],
      [{ type: 'function_call_output', call_id: 'a', output: 'x' }],
      [{ type: 'function_call_output', call_id: 'a', output: [{ type: 'input_text', text: 'x' }] }],
      [{ type: 'reasoning', id: 'rs_1', summary: [{ type: 'summary_text', text: 'x' }] }],
      [{ type: 'item_reference', id: 'msg_1' }, { id: 'msg_2' }],
      [{ type: 'web_search_call', id: 'ws_1' }, { type: 'toString' }],
    ],
    wrong: [
      [3, 'input'],
      [{}, 'input'],
      [['hi'], 'input[0]'],
      [[{ role: 'tool', content: 'x' }], 'input[0].role'],
      [[{ role: 'user' }], 'input[0].content'],
      [user(3), 'input[0].content'],
      [user([{ type: 'input_text' }]), 'input[0].content[0].text'],
      [user([{ type: 'input_image', image_url: 3 }]), 'input[0].content[0].image_url'],
      [user([{ type: 'input_image', detail: 'most' }]), 'input[0].content[0].detail'],
      [user([{ type: 'input_file', file_data: 3 }]), 'input[0].content[0].file_data'],
      [user([{ type: 'input_audio' }]), 'input[0].content[0].input_audio'],
      [user([{ type: 'refusal' }]), 'input[0].content[0].refusal'],
      [[...user('x'), { type: 'function_call', call_id: 'a', name: 'f' }], 'input[1].arguments'],
      [[{ type: 'function_call', name: 'f', arguments: '' }], 'input[0].call_id'],
      [[{ type: 'function_call_output', output: 'x' }], 'input[0].call_id'],
      [[{ type: 'function_call_output', call_id: 'a' }], 'input[0].output'],
      [[{ type: 'reasoning', summary: 'x' }], 'input[0].summary'],
      [[{ type: 'reasoning', content: [{}] }], 'input[0].content[0].text'],
      [[{ type: 'item_reference' }], 'input[0].id'],
      [[{ type: 'message', id: 3, role: 'user', content: 'x' }], 'input[0].id'],
      [[{ type: 3 }], 'input[0].type'],
    ],
  },
  instructions: { right: ['Be brief.'], wrong: [[['Be brief.'], 'instructions']] },
  max_output_tokens: {
    right: [1, 4096, 0],
    wrong: [
      [true, 'max_output_tokens'],
      ['9', 'max_output_tokens'],
    ],
  },
  max_tool_calls: { right: [3, 0], wrong: [['3', 'max_tool_calls']] },
  metadata: {
    right: [{ a: 'b' }, { a: 1 }],
    wrong: [['a', 'metadata']],
  },
  model: { right: ['m'], wrong: [[3, 'model']] },
  parallel_tool_calls: { right: [true], wrong: [[1, 'parallel_tool_calls']] },
  previous_response_id: { right: ['resp_1'], wrong: [[1, 'previous_response_id']] },
  prompt_cache_key: { right: ['a'], wrong: [[1, 'prompt_cache_key']] },
  prompt_cache_retention: { right: ['24h', '1h'], wrong: [[1, 'prompt_cache_retention']] },
  reasoning: {
    right: [{}, { effort: 'low', summary: 'auto' }, { effort: null, generate_summary: 'long' }],
    wrong: [
      ['low', 'reasoning'],
      [{ effort: 3 }, 'reasoning.effort'],
      [{ summary: 1 }, 'reasoning.summary'],
      [{ generate_summary: [] }, 'reasoning.generate_summary'],
    ],
  },
  safety_identifier: { right: ['a'], wrong: [[1, 'safety_identifier']] },
  service_tier: { right: ['auto'], wrong: [[1, 'service_tier']] },
  store: { right: [false], wrong: [['no', 'store']] },
  stream: { right: [true], wrong: [['true', 'stream']] },
  stream_options: {
    right: [{ include_obfuscation: true }],
    wrong: [
      [true, 'stream_options'],
      [{ include_obfuscation: 1 }, 'stream_options.include_obfuscation'],
    ],
  },
  temperature: { right: [0, 2, 9], wrong: [['hot', 'temperature']] },
  text: {
    right: [
      {},
      { format: { type: 'text' }, verbosity: 'some' },
      { format: { type: 'json_object' } },
      { format: { type: 'json_schema', name: 'a', schema: {}, strict: true } },
    ],
    wrong: [
      ['json', 'text'],
      [{ verbosity: 1 }, 'text.verbosity'],
      [{ format: 'json' }, 'text.format'],
      [{ format: { type: 'json_schema', schema: {} } }, 'text.format.name'],
      [{ format: { type: 'json_schema', name: 'a' } }, 'text.format.schema'],
    ],
  },
  tool_choice: {
    right: [
      'none',
      'auto',
      'required',
      { type: 'function', name: 'f' },
      { type: 'allowed_tools', mode: 'auto', tools: [{ type: 'function', name: 'f' }] },
    ],
    wrong: [
      ['always', 'tool_choice'],
      [{ type: 'function' }, 'tool_choice.name'],
      [{ type: 'allowed_tools', tools: [] }, 'tool_choice.mode'],
      [{ type: 'allowed_tools', mode: 'auto' }, 'tool_choice.tools'],
    ],
  },
  tools: {
    right: [
      [],
      [{ type: 'function', name: 'f' }],
      [{ type: 'function', name: 'f', parameters: null, strict: null, description: null }],
    ],
    wrong: [
      [{}, 'tools'],
      [[{ name: 'f' }], 'tools[0].type'],
      [[{ type: 'function', function: { name: 'f' } }], 'tools[0].name'],
      [[{ type: 'function', name: 'f', parameters: 'x' }], 'tools[0].parameters'],
      [[{ type: 'function', name: 'f', strict: 'yes' }], 'tools[0].strict'],
    ],
  },
  top_logprobs: {
    right: [0, 20, -1],
    wrong: [['2', 'top_logprobs']],
  },
  top_p: { right: [1, 1.1], wrong: [[[], 'top_p']] },
  truncation: { right: ['auto', 'disabled'], wrong: [['some', 'truncation']] },
  user: { right: ['a'], wrong: [[1, 'user']] },
} satisfies Record<string, Samples>
