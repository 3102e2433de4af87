/**
 * What the document says of each route in words. The compiler wants an entry for every route of the
 * table; the schemas are in src/wire, in the `schema.ts` of each API.
 */
import { type OperationId, table } from '../../src/routes/table.ts'
import { chatEvents } from '../../src/wire/chat/schema.ts'
import { textEvents } from '../../src/wire/completions/schema.ts'
import { messageEvents } from '../../src/wire/messages/schema.ts'
import { activityTexts } from './activity-operations.ts'
import { captureTexts } from './capture-operations.ts'
import { ENGINE_ERRORS, KEYED_ERRORS, OPEN_ERRORS } from './errors.ts'
import { ollamaChatTexts } from './ollama-chat-operations.ts'
import { ollamaModelTexts } from './ollama-operations.ts'
import type { Operation, OperationTexts, Parameter } from './operation.ts'
import { passTexts } from './pass-operations.ts'
import { responsesTexts } from './responses-operations.ts'
import { streamTexts } from './stream-operations.ts'
import { tabTexts } from './tab-operations.ts'
import { usageTexts } from './usage-operations.ts'

const messages = [{ role: 'user', content: 'Hello!' }]

const modelId: Parameter = {
  name: 'id',
  in: 'path',
  required: true,
  example: 'static',
  description: 'The id of the model, percent-encoded: `qwen%2Fqwen3:8b`.',
  schema: { type: 'string' },
}

const version: Parameter = {
  name: 'anthropic-version',
  in: 'header',
  description: 'If it is sent, answers and errors have the shape of Anthropic’s API.',
  schema: { type: 'string' },
}

const texts: Record<OperationId, OperationTexts> = {
  createChatCompletion: {
    tag: 'Chat',
    summary: 'Answers a conversation, as JSON or as a stream.',
    description:
      'OpenAI’s chat completions. A stream may hold comments before its first event: `: ping` is the heartbeat.',
    example: { model: 'static', stream: true, messages },
    answerText: 'The answer, or a stream of events if `stream` is true.',
    events: chatEvents,
    errors: ENGINE_ERRORS,
  },
  createCompletion: {
    tag: 'Completions',
    summary: 'Continues a text, as JSON or as a stream.',
    description: 'OpenAI’s text completions, the API that preceded chats.',
    example: { model: 'static', stream: true, prompt: 'Water' },
    answerText: 'The answers to each prompt, or a stream of events if `stream` is true.',
    events: textEvents,
    errors: ENGINE_ERRORS,
  },
  createMessage: {
    tag: 'Messages',
    summary: 'Answers a conversation in Anthropic’s API, as JSON or as a stream.',
    description:
      'Anthropic’s Messages API. Any engine is asked for a chat; an upstream whose setting `nativeApis` names this API gets the request unchanged. Only then are features passed on that a chat does not have, and blocks and events that are not named here.',
    parameters: [{ ...version, description: 'Passed on where the request is forwarded.' }],
    example: { model: 'static', max_tokens: 1000, stream: true, messages },
    answerText: 'The message, or a stream of events if `stream` is true.',
    events: messageEvents,
    errors: ENGINE_ERRORS,
    errorShape: 'MessagesError',
  },
  countMessageTokens: {
    tag: 'Messages',
    summary: 'Counts the tokens of a prompt, with the engine’s own tokenizer.',
    example: { model: 'MODEL', messages },
    answerText: 'The count.',
    errors: [...ENGINE_ERRORS, 501],
    errorShape: 'MessagesError',
  },
  ...responsesTexts,
  createEmbedding: {
    tag: 'Embeddings',
    summary: 'Embeds texts as vectors.',
    example: { model: 'MODEL', input: 'Water' },
    answerText: 'One vector for each text, in the same order.',
    errors: ENGINE_ERRORS,
  },
  listModels: {
    tag: 'Models',
    summary: 'Lists the models that the engines serve now and that the key may use.',
    parameters: [
      version,
      {
        name: 'limit',
        in: 'query',
        description: 'With `anthropic-version`: the largest number of models; 20 by default.',
        schema: { type: 'integer', minimum: 1, maximum: 1000 },
      },
      {
        name: 'after_id',
        in: 'query',
        description: 'With `anthropic-version`: the list begins after this model.',
        schema: { type: 'string' },
      },
      {
        name: 'before_id',
        in: 'query',
        description: 'With `anthropic-version`: the list ends before this model.',
        schema: { type: 'string' },
      },
    ],
    answerText: 'The models.',
    errors: [400, ...KEYED_ERRORS],
  },
  retrieveModel: {
    tag: 'Models',
    summary: 'Describes one model.',
    parameters: [modelId, version],
    answerText: 'The model.',
    errors: [400, ...KEYED_ERRORS, 404, 503],
  },
  health: {
    tag: 'Server',
    summary:
      'Reports that the server runs; to a key, which of its models are ready; to an admin, the state of each engine and of what instances share.',
    answerText: 'The server runs, whatever the state of its engines.',
    errors: OPEN_ERRORS,
  },
  ready: {
    tag: 'Server',
    summary: 'Reports whether an engine can answer now.',
    answerText: 'At least one engine can answer.',
    errors: [...OPEN_ERRORS, 503],
  },
  home: page('The chat page; the same as `/status` if it was not built.'),
  status: page(
    'A page that lists the models that the caller may use; to an admin, each engine with its models.',
  ),
  openapi: { ...page('The OpenAPI document.'), answerText: 'An OpenAPI 3.1 document.' },
  openapiPage: page('The OpenAPI document as a page to read.'),
  listErrors: {
    tag: 'Server',
    summary: 'Lists the error codes of sluice.',
    description: 'A page where `Accept` names `text/html`, as a browser does; else text.',
    answerText: 'The codes, each with what it means.',
    errors: OPEN_ERRORS,
  },
  explainError: {
    tag: 'Server',
    summary: 'Says what an error code means, its usual causes, and what to do about them.',
    description:
      'The field `doc_url` of an error is the address of this route for its code. A page where `Accept` names `text/html`, as a browser does; else text.',
    parameters: [
      {
        name: 'code',
        in: 'path',
        required: true,
        example: 'model_not_found',
        description: 'The code of the error.',
        schema: { type: 'string' },
      },
    ],
    answerText: 'What the code means.',
    errors: [...OPEN_ERRORS, 404],
  },
  readMetrics: {
    tag: 'Server',
    summary: 'What was counted and measured of all requests, for Prometheus.',
    description:
      'In the text format 0.0.4 of Prometheus, or in OpenMetrics 1.0 if `Accept` prefers `application/openmetrics-text`. 404 if metrics are switched off.',
    answerText: 'The metrics, as docs/metrics.md lists them.',
    errors: [...KEYED_ERRORS, 404, 429],
  },
  ...passTexts,
  ...ollamaModelTexts,
  ...ollamaChatTexts,
  ...activityTexts,
  ...captureTexts,
  ...streamTexts,
  ...tabTexts,
  ...usageTexts,
}

/** Every route of the table, with its texts. */
export const operations: Operation[] = Object.entries(table).map(([name, entry]) => {
  const id = name as OperationId
  return { ...entry, ...texts[id], id }
})

function page(summary: string): OperationTexts {
  return { tag: 'Server', summary, answerText: 'The page.', errors: OPEN_ERRORS }
}
