/** What the fields of requests are for. */

export const chatFields = {
  messages: 'The conversation so far, oldest first.',
  model: 'Who answers; without it the model of `--model`, or the first that is served.',
  stream: 'Whether the answer comes in pieces, as they are made.',
  stream_options:
    '`include_usage`: whether the stream ends with token counts. `include_obfuscation` is the engine’s.',
  max_tokens: 'The most tokens of the answer. -1 is no limit.',
  max_completion_tokens: 'The newer name of `max_tokens`; reasoning counts.',
  n: 'How many answers.',
  stop: 'Texts that end the answer; they are not part of it.',
  temperature: 'How free the choice of each token is.',
  top_p: 'Only the likeliest tokens up to this probability are chosen from.',
  frequency_penalty: 'Against what was said often.',
  presence_penalty: 'Against what was said at all.',
  logit_bias: 'Added to the chance of tokens, by their number.',
  logprobs: 'Whether each token’s log probability is told.',
  top_logprobs: 'How many rivals of each token are told besides.',
  seed: 'The same seed gives the same answer, where the engine can.',
  response_format:
    'Text, any JSON, or JSON of a schema. An engine that can’t enforce it refuses it.',
  tools: 'What the model may call.',
  tool_choice: 'Whether it may, must or must not call, and what.',
  parallel_tool_calls: 'Whether it may call several at once.',
  functions: 'The old form of `tools`.',
  function_call: 'The old form of `tool_choice`.',
  reasoning_effort:
    'How long the model thinks: OpenAI’s `none` to `max`, or the server’s own words.',
  modalities: 'Forms of the answer: `text`, `audio`.',
  audio: 'The voice and format of speech.',
  prediction: 'What the answer will mostly be, to be fast.',
  service_tier: 'Passed on.',
  store: 'Passed on; sluice stores nothing of it.',
  metadata: 'Passed on.',
  user: 'Passed on.',
  safety_identifier: 'Passed on.',
  prompt_cache_key: 'Passed on.',
  prompt_cache_options: 'Passed on.',
  prompt_cache_retention: 'Passed on.',
  moderation: 'Passed on.',
  verbosity: 'Passed on.',
  web_search_options: 'Passed on.',
}

const { model, temperature, top_p, stop, parallel_tool_calls, user } = chatFields

/** How a text is sampled and sent, in a chat as in a text completion. */
const sampling = {
  model,
  stream: chatFields.stream,
  stream_options: chatFields.stream_options,
  max_tokens: chatFields.max_tokens,
  stop,
  temperature,
  top_p,
  frequency_penalty: chatFields.frequency_penalty,
  presence_penalty: chatFields.presence_penalty,
  logit_bias: chatFields.logit_bias,
  seed: chatFields.seed,
  user,
}

export const textFields = {
  ...sampling,
  prompt:
    'What is gone on from: a text or several, or the tokens of one or several. Null is the beginning of a new document.',
  n: 'How many answers to each prompt.',
  best_of: 'How many are made for each prompt, to give the `n` most likely ones.',
  echo: 'Whether each text begins with its prompt.',
  suffix: 'What comes after the text that is asked for.',
  logprobs: 'How many likely tokens are told beside each one that was chosen.',
}

export const embeddingFields = {
  input: 'A text or several, or the tokens of one or several.',
  model: 'Who answers.',
  encoding_format:
    '`float`, which is the default, or `base64`; converted where the engine gives the other.',
  dimensions:
    'How many numbers a vector has. A model whose vectors have another length refuses it.',
  user,
}

/** What a prompt of the Messages API consists of. */
export const countFields = {
  model,
  messages: 'The conversation so far, oldest first; never empty.',
  system: 'What the model is to know and how it is to behave: a text, or text blocks.',
  tools:
    'What the model may call. Tools that Anthropic defines are refused, unless it is forwarded.',
  tool_choice: 'Whether it may, must or must not call, and what, and several at once or not.',
  thinking: 'Whether the model thinks first, and for how many tokens, where the engine can say.',
  output_config:
    '`effort`: how long the model thinks. `format`: the JSON Schema that the answer has to obey.',
  output_format: 'The older place of `output_config.format`.',
}

export const messagesFields = {
  ...countFields,
  max_tokens: 'The most tokens of the answer.',
  stream: chatFields.stream,
  stop_sequences: stop,
  temperature,
  top_p,
  top_k: 'Only so many of the likeliest tokens are chosen from.',
  metadata: '`user_id` is passed on where it has at most 64 characters.',
  service_tier: 'Passed on.',
}

export const responsesFields = {
  input:
    'A text, or items, oldest first. It may be left out only where `previous_response_id` is given.',
  model,
  instructions:
    'What the model is to know and how it is to behave; it holds for this request alone.',
  previous_response_id:
    'The kept response that the conversation goes on from: its input and output come first.',
  tools: 'What the model may call: functions. Others are refused, unless the request is forwarded.',
  tool_choice: 'Whether it may, must or must not call, and what.',
  parallel_tool_calls,
  max_tool_calls: 'Told again in the response; sluice runs no tools.',
  text: '`format`: text, any JSON, or JSON of a schema. `verbosity` is passed on.',
  reasoning:
    '`effort`: how long the model thinks. With `summary` what it thought is told as the summary.',
  max_output_tokens: 'The most tokens of the answer; reasoning counts.',
  temperature,
  top_p,
  top_logprobs: 'How many rivals of each token are told with its log probability.',
  include:
    'What is told besides: `message.output_text.logprobs`, and `reasoning.encrypted_content` for clients that keep the conversation themselves. Others are for engines that have such things.',
  store: 'Whether the response is kept, to be named by later requests. True by default.',
  background: 'Whether it goes on without a connection. It has to be kept. Not on workerd.',
  stream: chatFields.stream,
  stream_options: '`include_obfuscation` is the engine’s.',
  truncation:
    'Whether what is too long may be dropped. Nothing is, unless an engine that speaks the API does so.',
  metadata: 'Texts by name, told again in the response.',
  service_tier: 'Passed on.',
  user,
  safety_identifier: user,
  prompt_cache_key: user,
  prompt_cache_retention: user,
}
