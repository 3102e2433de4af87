/**
 * What the document says of each route in words. The compiler wants an entry for every route of the
 * table; the schemas are in src/wire, in the `schema.ts` of each API.
 */
import { type OperationId, table } from '../../src/routes/table.ts'
import { chatEvents } from '../../src/wire/chat/schema.ts'
import { textEvents } from '../../src/wire/completions/schema.ts'
import { messageEvents } from '../../src/wire/messages/schema.ts'
import { ENGINE_ERRORS, KEYED_ERRORS, OPEN_ERRORS } from './errors.ts'
import type { Operation, OperationTexts, Parameter } from './operation.ts'
import { responsesTexts } from './responses-operations.ts'

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

const texts: Record<OperationId, OperationTexts> = {
  createChatCompletion: {
    tag: 'Chat',
    summary: 'Answers a conversation, whole or as a stream.',
    description:
      'OpenAI’s chat completions. Before the first event a stream may hold comments, `: ping`, which keep the line open.',
    example: { model: 'static', stream: true, messages },
    answerText: 'The answer; a stream of events where `stream` is true.',
    events: chatEvents,
    errors: ENGINE_ERRORS,
  },
  createCompletion: {
    tag: 'Completions',
    summary: 'Goes on from a text, whole or as a stream.',
    description: 'OpenAI’s text completions, the API before chats.',
    example: { model: 'static', stream: true, prompt: 'Water' },
    answerText: 'The answers to each prompt; a stream of events where `stream` is true.',
    events: textEvents,
    errors: ENGINE_ERRORS,
  },
  createMessage: {
    tag: 'Messages',
    summary: 'Answers a conversation, whole or as a stream.',
    description:
      'Anthropic’s Messages API: asked of any engine as a chat, or forwarded as it is to an upstream whose setting `nativeApis` says that it speaks it. What a chat can’t say is then passed on as well, and so are blocks and events that are not named here.',
    parameters: [{ ...version, description: 'Goes along where the request is forwarded.' }],
    example: { model: 'static', max_tokens: 1000, stream: true, messages },
    answerText: 'The message; a stream of events where `stream` is true.',
    events: messageEvents,
    errors: ENGINE_ERRORS,
    errorShape: 'MessagesError',
  },
  countMessageTokens: {
    tag: 'Messages',
    summary: 'How many tokens a prompt has, counted by the engine’s own tokenizer.',
    example: { model: 'MODEL', messages },
    answerText: 'The count.',
    errors: [...ENGINE_ERRORS, 501],
    errorShape: 'MessagesError',
  },
  ...responsesTexts,
  createEmbedding: {
    tag: 'Embeddings',
    summary: 'Turns texts into vectors.',
    example: { model: 'MODEL', input: 'Water' },
    answerText: 'One vector a text, in their order.',
    errors: ENGINE_ERRORS,
  },
  listModels: {
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
    answerText: 'The models.',
    errors: [400, ...KEYED_ERRORS],
  },
  retrieveModel: {
    tag: 'Models',
    summary: 'One model.',
    parameters: [modelId, version],
    answerText: 'The model.',
    errors: [400, ...KEYED_ERRORS, 404, 503],
  },
  health: {
    tag: 'Server',
    summary: 'That the server runs, and how its engines fare.',
    answerText: 'It runs, whatever its engines do.',
    errors: OPEN_ERRORS,
  },
  ready: {
    tag: 'Server',
    summary: 'Whether an engine could answer now.',
    answerText: 'One could.',
    errors: [...OPEN_ERRORS, 503],
  },
  home: page('The page with the chat; where it was not built, the same as `/status`.'),
  status: page('A page that lists the engines and models that run here.'),
  openapi: { ...page('This document.'), answerText: 'OpenAPI 3.1.' },
  openapiPage: page('This document, as a page to read.'),
}

/** Every route of the table, with its texts. */
export const operations: Operation[] = Object.entries(table).map(([name, entry]) => {
  const id = name as OperationId
  return { ...entry, ...texts[id], id }
})

function page(summary: string): OperationTexts {
  return { tag: 'Server', summary, answerText: 'The page.', errors: OPEN_ERRORS }
}
