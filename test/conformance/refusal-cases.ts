// Requests that sluice refuses, with the status, code and field that their log lines must have.

import { errorScript } from '../support/personas/errors.ts'

/** What clients send in each of them, and no log line may hold. */
export const VALUE = 'zebra'

export interface Refused {
  path: string
  method?: string
  /** JSON, or the text of the body. */
  body?: object | string
  /** The key that is sent; null for none. */
  key?: string | null
  headers?: Record<string, string>
  status: number
  code: string
  param?: string | undefined
}

/** An API, with a body that it takes and fields that it does not. */
export interface Api {
  path: string
  valid: object
  wrong: { param: string; fields: object }[]
}

const messages = [{ role: 'user', content: VALUE }]
const model = { param: 'model', fields: { model: { name: VALUE } } }

export const APIS: Api[] = [
  {
    path: '/v1/chat/completions',
    valid: { model: 'm', messages },
    wrong: [
      model,
      { param: 'messages', fields: { messages: VALUE } },
      { param: 'messages[0]', fields: { messages: [VALUE] } },
      { param: 'stream', fields: { stream: VALUE } },
    ],
  },
  {
    path: '/v1/completions',
    valid: { model: 'm', prompt: VALUE },
    wrong: [model, { param: 'stream', fields: { stream: VALUE } }],
  },
  {
    path: '/v1/messages',
    valid: { model: 'm', max_tokens: 9, messages },
    wrong: [
      model,
      { param: 'max_tokens', fields: { max_tokens: VALUE } },
      { param: 'messages[0].role', fields: { messages: [{ role: VALUE, content: 'Hi' }] } },
    ],
  },
  {
    path: '/v1/messages/count_tokens',
    valid: { model: 'm', messages },
    wrong: [model, { param: 'messages', fields: { messages: VALUE } }],
  },
  {
    path: '/v1/responses',
    valid: { model: 'm', input: VALUE },
    wrong: [
      model,
      { param: 'input', fields: { input: { text: VALUE } } },
      { param: 'store', fields: { store: VALUE } },
    ],
  },
  {
    path: '/v1/responses/input_tokens',
    valid: { model: 'm', input: VALUE },
    wrong: [model, { param: 'input', fields: { input: { text: VALUE } } }],
  },
  {
    path: '/v1/embeddings',
    valid: { model: 'm', input: VALUE },
    wrong: [model],
  },
  {
    path: '/api/chat',
    valid: { model: 'm', messages },
    wrong: [model, { param: 'messages', fields: { messages: VALUE } }],
  },
  {
    path: '/api/generate',
    valid: { model: 'm', prompt: VALUE },
    wrong: [model, { param: 'prompt', fields: { prompt: { text: VALUE } } }],
  },
  {
    path: '/api/embed',
    valid: { model: 'm', input: VALUE },
    wrong: [model, { param: 'input', fields: { input: { text: VALUE } } }],
  },
  {
    path: '/api/show',
    valid: { model: 'm' },
    wrong: [model],
  },
]

const chat = { path: '/v1/chat/completions', body: { model: 'm', messages } }
const get = { method: 'GET' }

/** `before`: how often it is sent before the one that counts. */
export const OTHERS: (Refused & { what: string; before?: number })[] = [
  { what: 'a path that is no route', path: `/v1/${VALUE}`, status: 404, code: 'not_found' },
  { what: 'one below /api', path: `/api/${VALUE}`, status: 404, code: 'not_found' },
  {
    ...{ what: 'a key that has expired', ...chat, key: 'old-key' },
    ...{ status: 401, code: 'invalid_api_key' },
  },
  {
    ...{ what: 'a key that is disabled', ...chat, key: 'off-key' },
    ...{ status: 401, code: 'invalid_api_key' },
  },
  {
    ...{ what: "a scraper's key for a chat", ...chat, key: 'prom-key' },
    ...{ status: 403, code: 'metrics_key' },
  },
  {
    ...{ what: 'a model that the key may not use', ...chat, key: 'bob-key' },
    ...{ status: 403, code: 'model_not_allowed', param: 'model' },
  },
  {
    ...{ what: 'a limit of requests', path: '/v1/chat/completions', key: 'slow-key', before: 2 },
    ...{ body: { model: 'static', messages }, status: 429, code: 'rate_limit_exceeded' },
  },
  {
    ...{ what: 'a limit of tokens', path: '/v1/chat/completions', key: 'few-key', before: 2 },
    body: { model: 'static', messages: [{ role: 'user', content: VALUE.repeat(100) }] },
    ...{ status: 429, code: 'rate_limit_exceeded' },
  },
  {
    ...{ what: 'metrics for an ordinary key', path: '/metrics', ...get },
    ...{ status: 403, code: 'admin_required' },
  },
  {
    ...{ what: 'captures for an ordinary key', path: '/v1/captures', ...get },
    ...{ status: 403, code: 'admin_required' },
  },
  {
    ...{ what: 'a rule for captures that is none', path: '/v1/captures', key: 'root-key' },
    ...{ body: { capture: VALUE }, status: 400, code: 'invalid_value', param: 'capture' },
  },
  {
    ...{ what: 'a capture that there is not', path: `/v1/captures/${VALUE}`, ...get },
    ...{ key: 'root-key', status: 404, code: 'not_found', param: 'id' },
  },
  {
    ...{ what: 'an activity that there is not', path: `/v1/activity/${VALUE}`, ...get },
    ...{ status: 404, code: 'not_found', param: 'id' },
  },
  {
    ...{ what: 'a response that there is not', path: `/v1/responses/${VALUE}`, ...get },
    ...{ status: 404, code: 'response_not_found', param: 'id' },
  },
  {
    ...{ what: 'a response to go on from', path: '/v1/responses' },
    body: { model: 'm', input: VALUE, previous_response_id: VALUE },
    ...{ status: 400, code: 'previous_response_not_found', param: 'previous_response_id' },
  },
  {
    ...{ what: 'a model that there is not', path: `/v1/models/${VALUE}`, ...get },
    ...{ status: 404, code: 'model_not_found', param: 'model' },
  },
  {
    ...{ what: 'a download without a server for it', path: '/api/pull', key: 'root-key' },
    ...{ body: { model: VALUE }, status: 501, code: 'not_supported' },
  },
  {
    ...{ what: 'what an upstream refuses', path: '/v1/chat/completions' },
    body: { model: 'm', messages, script: errorScript('openai_context') },
    ...{ status: 400, code: 'context_length_exceeded', param: 'messages' },
  },
]
