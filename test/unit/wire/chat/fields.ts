export interface Samples {
  right: unknown[]
  wrong: [value: unknown, path: string][]
}

/** Of each field but `messages`: what passes, and what does not, with the path of the fault. */
export const fields = {
  model: { right: ['llama3.2', ''], wrong: [[3, 'model']] },
  stream: { right: [true, false], wrong: [['true', 'stream']] },
  stream_options: {
    right: [{}, { include_usage: true, include_obfuscation: false, continuous_usage_stats: true }],
    wrong: [
      [true, 'stream_options'],
      [{ include_usage: 'yes' }, 'stream_options.include_usage'],
      [{ include_obfuscation: 1 }, 'stream_options.include_obfuscation'],
    ],
  },
  audio: {
    right: [
      { format: 'wav', voice: 'alloy' },
      { format: 'pcm16', voice: { id: 'voice_1' } },
    ],
    wrong: [
      [{ format: 'ogg', voice: 'alloy' }, 'audio.format'],
      [{ format: 'wav' }, 'audio.voice'],
      [{ format: 'wav', voice: {} }, 'audio.voice.id'],
    ],
  },
  frequency_penalty: {
    right: [-2, 0, 2],
    wrong: [
      [-2.1, 'frequency_penalty'],
      [2.1, 'frequency_penalty'],
      ['0', 'frequency_penalty'],
    ],
  },
  presence_penalty: {
    right: [-2, 0.5, 2],
    wrong: [
      [-3, 'presence_penalty'],
      [3, 'presence_penalty'],
    ],
  },
  temperature: {
    right: [0, 0.7, 2],
    wrong: [
      [-0.1, 'temperature'],
      [2.1, 'temperature'],
      ['hot', 'temperature'],
    ],
  },
  top_p: {
    right: [0, 1],
    wrong: [
      [1.1, 'top_p'],
      [-1, 'top_p'],
    ],
  },
  function_call: {
    right: ['none', 'auto', { name: 'f' }],
    wrong: [
      ['required', 'function_call'],
      [{}, 'function_call.name'],
    ],
  },
  functions: {
    right: [[], [{ name: 'f', description: 'd', parameters: { type: 'object' } }]],
    wrong: [
      [{}, 'functions'],
      [[{}], 'functions[0].name'],
      [[{ name: 'f', parameters: 'x' }], 'functions[0].parameters'],
    ],
  },
  logit_bias: {
    right: [{}, { '50256': -100, '1': 100 }],
    wrong: [
      [[], 'logit_bias'],
      [{ '50256': -101 }, 'logit_bias["50256"]'],
      [{ a: 'b' }, 'logit_bias.a'],
    ],
  },
  logprobs: { right: [true], wrong: [[5, 'logprobs']] },
  top_logprobs: {
    right: [0, 20, 50],
    wrong: [
      [-1, 'top_logprobs'],
      [1.5, 'top_logprobs'],
    ],
  },
  max_tokens: {
    right: [1, 0, -1],
    wrong: [
      [-2, 'max_tokens'],
      [1.5, 'max_tokens'],
      ['9', 'max_tokens'],
    ],
  },
  max_completion_tokens: {
    right: [1, -1],
    wrong: [
      [-2, 'max_completion_tokens'],
      [0.5, 'max_completion_tokens'],
    ],
  },
  metadata: {
    right: [{}, { team: 'a' }],
    wrong: [
      ['x', 'metadata'],
      [{ team: 3 }, 'metadata.team'],
    ],
  },
  modalities: {
    right: [['text'], ['text', 'audio']],
    wrong: [
      ['text', 'modalities'],
      [[1], 'modalities[0]'],
    ],
  },
  moderation: {
    right: [
      { model: 'm' },
      { model: 'm', policy: { input: { mode: 'score' }, output: { mode: 'block' } } },
      { model: 'm', policy: null },
    ],
    wrong: [
      [{}, 'moderation.model'],
      [{ model: 'm', policy: { input: { mode: 'x' } } }, 'moderation.policy.input.mode'],
    ],
  },
  n: {
    right: [1, 128],
    wrong: [
      [0, 'n'],
      [129, 'n'],
      [1.5, 'n'],
    ],
  },
  parallel_tool_calls: { right: [false], wrong: [['no', 'parallel_tool_calls']] },
  prediction: {
    right: [
      { type: 'content', content: 'x' },
      { type: 'content', content: [{ type: 'text', text: 'x' }] },
      { type: 'unheard_of' },
    ],
    wrong: [
      ['x', 'prediction'],
      [{ type: 'content' }, 'prediction.content'],
      [{ type: 'content', content: [{ type: 'text' }] }, 'prediction.content[0].text'],
    ],
  },
  prompt_cache_key: { right: ['k'], wrong: [[1, 'prompt_cache_key']] },
  prompt_cache_options: {
    right: [{}, { mode: 'explicit', ttl: '30m' }],
    wrong: [
      [{ mode: 'x' }, 'prompt_cache_options.mode'],
      [{ ttl: 30 }, 'prompt_cache_options.ttl'],
    ],
  },
  prompt_cache_retention: {
    right: ['in_memory', 'in-memory', '24h'],
    wrong: [['1h', 'prompt_cache_retention']],
  },
  reasoning_effort: { right: ['none', 'high', 'ultra'], wrong: [[2, 'reasoning_effort']] },
  response_format: {
    right: [
      { type: 'text' },
      { type: 'json_object', schema: {} },
      {
        type: 'json_schema',
        json_schema: { name: 'n', description: 'd', schema: {}, strict: true },
      },
      { type: 'json_schema', json_schema: { schema: {} } },
      { type: 'structural_tag', structures: [] },
    ],
    wrong: [
      ['json', 'response_format'],
      [{}, 'response_format.type'],
      [{ type: 'json_schema' }, 'response_format.json_schema'],
      [{ type: 'json_schema', json_schema: { name: 3 } }, 'response_format.json_schema.name'],
      [{ type: 'json_schema', json_schema: { schema: 3 } }, 'response_format.json_schema.schema'],
      [{ type: 'json_schema', json_schema: { strict: 3 } }, 'response_format.json_schema.strict'],
    ],
  },
  safety_identifier: { right: ['s'], wrong: [[1, 'safety_identifier']] },
  seed: {
    right: [0, -1, 2 ** 63],
    wrong: [
      [0.5, 'seed'],
      ['1', 'seed'],
    ],
  },
  service_tier: { right: ['auto', 'ultrafast'], wrong: [[1, 'service_tier']] },
  stop: {
    right: ['x', [], ['a', 'b', 'c', 'd', 'e']],
    wrong: [
      [3, 'stop'],
      [['a', 3], 'stop[1]'],
    ],
  },
  store: { right: [true], wrong: [[0, 'store']] },
  tool_choice: {
    right: [
      'none',
      'auto',
      'required',
      { type: 'function', function: { name: 'f' } },
      { type: 'custom', custom: { name: 'f' } },
      { type: 'allowed_tools', allowed_tools: { mode: 'auto', tools: [{ type: 'function' }] } },
      { type: 'unheard_of' },
    ],
    wrong: [
      ['any', 'tool_choice'],
      [{}, 'tool_choice.type'],
      [{ type: 'function' }, 'tool_choice.function'],
      [{ type: 'custom', custom: {} }, 'tool_choice.custom.name'],
      [
        { type: 'allowed_tools', allowed_tools: { mode: 'x', tools: [] } },
        'tool_choice.allowed_tools.mode',
      ],
      [
        { type: 'allowed_tools', allowed_tools: { mode: 'auto', tools: [3] } },
        'tool_choice.allowed_tools.tools[0]',
      ],
    ],
  },
  tools: {
    right: [
      [],
      [{ type: 'function', function: { name: 'f', parameters: {}, strict: true } }],
      [{ type: 'function', function: { name: 'f', description: null, parameters: null } }],
      [{ type: 'custom', custom: { name: 'c', format: { type: 'text' } } }],
      [
        {
          type: 'custom',
          custom: {
            name: 'c',
            format: { type: 'grammar', grammar: { definition: 'd', syntax: 'lark' } },
          },
        },
      ],
      [{ type: 'web_search' }],
    ],
    wrong: [
      [{}, 'tools'],
      [['f'], 'tools[0]'],
      [[{ function: { name: 'f' } }], 'tools[0].type'],
      [[{ type: 'function', function: {} }], 'tools[0].function.name'],
      [
        [{ type: 'function', function: { name: 'f', parameters: [] } }],
        'tools[0].function.parameters',
      ],
      [[{ type: 'custom', custom: {} }], 'tools[0].custom.name'],
      [
        [{ type: 'custom', custom: { name: 'c', format: { type: 'grammar', grammar: {} } } }],
        'tools[0].custom.format.grammar.definition',
      ],
    ],
  },
  user: { right: ['u'], wrong: [[{}, 'user']] },
  verbosity: { right: ['low', 'medium', 'high'], wrong: [['loud', 'verbosity']] },
  web_search_options: {
    right: [
      {},
      { search_context_size: 'low', user_location: null },
      { user_location: { type: 'approximate', approximate: { city: 'Bern', country: 'CH' } } },
    ],
    wrong: [
      [{ search_context_size: 'huge' }, 'web_search_options.search_context_size'],
      [{ user_location: { type: 'exact' } }, 'web_search_options.user_location.type'],
      [
        { user_location: { type: 'approximate', approximate: { city: 1 } } },
        'web_search_options.user_location.approximate.city',
      ],
    ],
  },
} satisfies Record<string, Samples>
