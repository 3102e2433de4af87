/** Every route there is. A new one is one entry here, and its schemas in requests.ts and answers.ts. */
import { ENGINE_ERRORS, KEYED_ERRORS, OPEN_ERRORS } from './errors.ts'
import type { Operation, StreamedEvent } from './operation.ts'

const messages = [{ role: 'user', content: 'Hello!' }]

const chatEvents: StreamedEvent[] = [
  {
    data: { component: 'ChatCompletionChunk' },
    description:
      'The next pieces. The first of a choice carries its role, the last its `finish_reason`; where usage was asked for it comes in one more, with no choices.',
  },
  { data: { text: '[DONE]' }, description: 'The stream finished. Nothing follows.' },
  {
    data: { component: 'Error' },
    description: 'The stream failed, in the place of `[DONE]`. Nothing follows.',
  },
]

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
    answers: [{ status: 200, description: 'The models.', json: 'ModelList' }],
    errors: KEYED_ERRORS,
  },
  {
    method: 'get',
    path: '/v1/models/{id}',
    id: 'retrieveModel',
    tag: 'Models',
    summary: 'One model.',
    parameters: [
      {
        name: 'id',
        in: 'path',
        required: true,
        description: 'The model’s id, percent-encoded: `qwen%2Fqwen3:8b`.',
        schema: { type: 'string' },
      },
    ],
    answers: [{ status: 200, description: 'The model.', json: 'Model' }],
    errors: [400, ...KEYED_ERRORS, 404],
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
