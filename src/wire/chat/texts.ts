/** What the fields of a chat request are for. */
import type { chatFields } from './known-fields.ts'

export const chatTexts = {
  messages: 'The conversation so far, oldest first.',
  model: 'The model that answers; by default that of `--model`, or the first one served.',
  stream: 'Whether the answer is sent in pieces as it is generated.',
  stream_options:
    '`include_usage`: whether the stream ends with token counts. `include_obfuscation` is passed on.',
  max_tokens: 'The largest number of tokens in the answer. -1 means no limit.',
  max_completion_tokens: 'The newer name of `max_tokens`; reasoning tokens count.',
  n: 'The number of answers.',
  stop: 'Texts that end the answer; they are not part of it.',
  temperature: 'The sampling temperature.',
  top_p: 'Nucleus sampling: the most likely tokens up to this total probability are considered.',
  frequency_penalty: 'Penalises tokens by how often they have occurred.',
  presence_penalty: 'Penalises tokens that have occurred at all.',
  logit_bias: 'Added to the logits of tokens, by token id.',
  logprobs: 'Whether the log probability of each token is returned.',
  top_logprobs: 'The number of alternative tokens returned with each token.',
  seed: 'With the same seed an engine returns the same answer, where it can.',
  response_format:
    'Text, any JSON, or JSON of a schema. An engine that cannot enforce it refuses the request.',
  tools: 'The tools that the model may call.',
  tool_choice: 'Whether the model may, must or must not call tools, and which.',
  parallel_tool_calls: 'Whether the model may make several calls at once.',
  functions: 'The older form of `tools`.',
  function_call: 'The older form of `tool_choice`.',
  reasoning_effort:
    'How long the model thinks: `none` to `max` in OpenAI’s API, or a value that the server defines.',
  modalities: 'The forms of the answer: `text`, `audio`.',
  audio: 'The voice and the format of speech.',
  prediction: 'The expected answer, which makes it faster.',
  service_tier: 'Passed on.',
  store: 'Passed on; sluice stores no chats.',
  metadata: 'Passed on.',
  user: 'Passed on.',
  safety_identifier: 'Passed on.',
  prompt_cache_key: 'Passed on.',
  prompt_cache_options: 'Passed on.',
  prompt_cache_retention: 'Passed on.',
  moderation: 'Passed on.',
  verbosity: 'Passed on.',
  web_search_options: 'Passed on.',
} satisfies Record<keyof typeof chatFields, string>

/** The fields that a text completion shares with a chat. */
export const samplingTexts = {
  model: chatTexts.model,
  stream: chatTexts.stream,
  stream_options: chatTexts.stream_options,
  max_tokens: chatTexts.max_tokens,
  stop: chatTexts.stop,
  temperature: chatTexts.temperature,
  top_p: chatTexts.top_p,
  frequency_penalty: chatTexts.frequency_penalty,
  presence_penalty: chatTexts.presence_penalty,
  logit_bias: chatTexts.logit_bias,
  seed: chatTexts.seed,
  user: chatTexts.user,
}
