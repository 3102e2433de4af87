/** Every route there is. A new one is one entry here, its schemas in requests.ts and answers.ts. */
import { ENGINE_ERRORS, KEYED_ERRORS, OPEN_ERRORS } from './errors.ts'
import { chatEvents, messageEvents, textEvents } from './events.ts'
import type { Operation, Parameter } from './operation.ts'
import { responsesOperations } from './responses-operations.ts'

const messages = [{ role: 'user', content: 'Hello!' }]

const modelId: Parameter = {
  name: 'id',
  in: 'path',
  required: true,
  example: 'static',
  description: 'The model’s id, percent-encoded: `qwen%2Fqwen3:8b`.',
  schema: { type: 'string' },
}

const version: Parameter = {
  name: 'anthropic-version',
  in: 'header',
  description: 'With it the answer, and a refusal, has the shape of Anthropic’s API.',
  schema: { type: 'string' },
}

export const operations: Operation[] = [
  {
    method: 'post',
    path: '/v1/chat/completions',
    id: 'createChatCompletion',
    tag: 'Chat',
    summary: 'Answers a conversation, whole or as a stream.',
    description:
      'OpenAI’s chat completions. Before the first event a stream may hold comments, `: ping`, which keep the line open.',
    body: { component: 'ChatRequest', example: { model: 'static', stream: true, messages } },
    answers: [
      {
        status: 200,
        description: 'The answer; a stream of events where `stream` is true.',
        json: 'ChatCompletion',
        events: chatEvents,
      },
    ],
    errors: ENGINE_ERRORS,
  },
  {
    method: 'post',
    path: '/v1/completions',
    id: 'createCompletion',
    tag: 'Completions',
    summary: 'Goes on from a text, whole or as a stream.',
    description: 'OpenAI’s text completions, the API before chats.',
    body: { component: 'TextRequest', example: { model: 'static', stream: true, prompt: 'Water' } },
    answers: [
      {
        status: 200,
        description: 'The answers to each prompt; a stream of events where `stream` is true.',
        json: 'TextCompletion',
        events: textEvents,
      },
    ],
    errors: ENGINE_ERRORS,
  },
  {
    method: 'post',
    path: '/v1/messages',
    id: 'createMessage',
    tag: 'Messages',
    summary: 'Answers a conversation, whole or as a stream.',
    description:
      'Anthropic’s Messages API: asked of any engine as a chat, or forwarded as it is to an upstream whose setting `nativeApis` says that it speaks it. What a chat can’t say is then passed on as well, and so are blocks and events that are not named here.',
    parameters: [{ ...version, description: 'Goes along where the request is forwarded.' }],
    body: {
      component: 'MessagesRequest',
      example: { model: 'static', max_tokens: 1000, stream: true, messages },
    },
    answers: [
      {
        status: 200,
        description: 'The message; a stream of events where `stream` is true.',
        json: 'Message',
        events: messageEvents,
      },
    ],
    errors: ENGINE_ERRORS,
    errorShape: 'MessagesError',
  },
  {
    method: 'post',
    path: '/v1/messages/count_tokens',
    id: 'countMessageTokens',
    tag: 'Messages',
    summary: 'How many tokens a prompt has, counted by the engine’s own tokenizer.',
    body: { component: 'MessagesCountRequest', example: { model: 'MODEL', messages } },
    answers: [{ status: 200, description: 'The count.', json: 'MessageTokens' }],
    errors: [...ENGINE_ERRORS, 501],
    errorShape: 'MessagesError',
  },
  ...responsesOperations,
  {
    method: 'post',
    path: '/v1/embeddings',
    id: 'createEmbedding',
    tag: 'Embeddings',
    summary: 'Turns texts into vectors.',
    body: { component: 'EmbeddingRequest', example: { model: 'MODEL', input: 'Water' } },
    answers: [
      { status: 200, description: 'One vector a text, in their order.', json: 'EmbeddingList' },
    ],
    errors: ENGINE_ERRORS,
  },
  {
    method: 'get',
    path: '/v1/models',
    id: 'listModels',
    tag: 'Models',
    summary: 'What the engines serve now, as far as the key may ask it.',
    parameters: [
      version,
      {
        name: 'limit',
        in: 'query',
        description: 'With `anthropic-version`: the most models; 20 by default.',
        schema: { type: 'integer', minimum: 1, maximum: 1000 },
      },
      {
        name: 'after_id',
        in: 'query',
        description: 'With `anthropic-version`: the model behind which they begin.',
        schema: { type: 'string' },
      },
      {
        name: 'before_id',
        in: 'query',
        description: 'With `anthropic-version`: the model before which they end.',
        schema: { type: 'string' },
      },
    ],
    answers: [{ status: 200, description: 'The models.', json: ['ModelList', 'ModelPage'] }],
    errors: [400, ...KEYED_ERRORS],
  },
  {
    method: 'get',
    path: '/v1/models/{id}',
    id: 'retrieveModel',
    tag: 'Models',
    summary: 'One model.',
    parameters: [modelId, version],
    answers: [{ status: 200, description: 'The model.', json: ['Model', 'ModelInfo'] }],
    errors: [400, ...KEYED_ERRORS, 404, 503],
  },
  {
    method: 'get',
    path: '/health',
    id: 'health',
    tag: 'Server',
    summary: 'That the server runs, and how its engines fare.',
    answers: [{ status: 200, description: 'It runs, whatever its engines do.', json: 'Health' }],
    errors: OPEN_ERRORS,
    isOpen: true,
  },
  {
    method: 'get',
    path: '/health/ready',
    id: 'ready',
    tag: 'Server',
    summary: 'Whether an engine could answer now.',
    answers: [{ status: 200, description: 'One could.', json: 'Health' }],
    errors: [...OPEN_ERRORS, 503],
    isOpen: true,
  },
  page(
    '/',
    'home',
    'The page: chat, models, the wire; where it was not built, the same as `/status`.',
  ),
  page('/status', 'status', 'A page that says which engines and models run here.'),
  {
    ...page('/openapi.json', 'openapi', 'This document.'),
    answers: [{ status: 200, description: 'OpenAPI 3.1.', type: 'application/json' }],
  },
  page('/openapi.html', 'openapiPage', 'This document, to read.'),
]

function page(path: string, id: string, summary: string): Operation {
  return {
    method: 'get',
    path,
    id,
    tag: 'Server',
    summary,
    answers: [{ status: 200, description: 'The page.', type: 'text/html' }],
    errors: OPEN_ERRORS,
    isOpen: true,
  }
}
