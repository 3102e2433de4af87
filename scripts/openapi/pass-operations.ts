/** What the document says of the routes that are forwarded. */
import { ENGINE_ERRORS } from './errors.ts'
import type { Media } from './media.ts'
import type { OperationTexts } from './operation.ts'

const ROUTE_FIELDS =
  'Forwarded as it came to a server that offers it; docs/pass-through.md says to which. What the server answers comes back unchanged, errors in the shape of OpenAI’s API.'

const audioForm: Record<string, Media> = {
  'multipart/form-data': {
    schema: {
      type: 'object',
      description: 'The fields of OpenAI’s API, and those of the server.',
      properties: { file: { type: 'string', format: 'binary' }, model: { type: 'string' } },
    },
  },
}

const file: Record<string, Media> = {
  'application/octet-stream': { schema: { type: 'string', format: 'binary' } },
}

export const passTexts = {
  createRerank: reranking('Orders documents by how well they answer a query.'),
  createRerankV2: reranking('The same in the second version of Cohere’s API.'),
  createReranking: reranking('The same, at llama-server’s other path.'),
  createRerankAtRoot: reranking('The same, at the server’s root.'),
  createScore: scoring('Scores pairs of texts.'),
  createScoreAtRoot: scoring('The same, at the server’s root.'),
  tokenize: json('Tokens', 'The tokens of a text or a chat.', { content: 'Water' }),
  detokenize: json('Tokens', 'The text of tokens.', { tokens: [1, 2] }),
  applyTemplate: json('Tokens', 'A chat as the text that the model reads.', {
    messages: [{ role: 'user', content: 'Hello!' }],
  }),
  createInfill: json('Completions', 'Fills the gap between two texts, as JSON or as a stream.', {
    input_prefix: 'def add(a, b):',
    input_suffix: '',
  }),
  createTranscription: hearing('The words of a recording, in its own language.'),
  createTranslation: hearing('The words of a recording, in English.'),
  createSpeech: {
    ...json('Audio', 'Reads a text aloud: sound while it is made, or events.', {
      model: 'MODEL',
      input: 'Water',
      voice: 'alloy',
    }),
    answerText: 'The sound, in the format that was asked for.',
  },
  createImage: json('Images', 'Draws images, as JSON or as a stream.', { prompt: 'Water' }),
  createModeration: json('Moderations', 'Judges whether texts may harm.', { input: 'Water' }),
  getServerProps: asked('The properties of a llama-server: its model, its chat template.'),
  listSlots: asked('The slots of a llama-server, with the prompts in them.'),
  pullModel: managing('Downloads a model to an Ollama server; lines of JSON tell how far it is.'),
  buildModel: managing('Makes a model of others or of files on an Ollama server.'),
  copyModel: managing('Gives a model of an Ollama server another name.'),
  pushModel: managing('Uploads a model of an Ollama server.'),
  deleteModel: managing('Deletes a model of an Ollama server.'),
  findBlob: {
    ...managing('Whether an Ollama server has a file.'),
    requestBody: undefined,
    parameters: [digest()],
  },
  createBlob: {
    ...managing('Uploads a file to an Ollama server.'),
    requestBody: file,
    parameters: [digest()],
  },
}

function digest() {
  return {
    name: 'digest',
    in: 'path' as const,
    required: true,
    description: 'The SHA-256 digest of the file: `sha256:` and 64 hexadecimal digits.',
    schema: { type: 'string' },
  }
}

function json(tag: string, summary: string, example: Record<string, unknown>): OperationTexts {
  const schema = { type: 'object', description: 'The fields of the server.' }
  return {
    tag,
    summary,
    description: ROUTE_FIELDS,
    requestBody: { 'application/json': { schema, example } },
    answerText: 'What the server answers.',
    errors: ENGINE_ERRORS,
  }
}

function reranking(summary: string): OperationTexts {
  return json('Rerank', summary, { model: 'MODEL', query: 'Water?', documents: ['Rain', 'Sand'] })
}

function scoring(summary: string): OperationTexts {
  return json('Rerank', summary, { model: 'MODEL', text_1: 'Water', text_2: ['Rain', 'Sand'] })
}

function hearing(summary: string): OperationTexts {
  return { ...json('Audio', summary, {}), requestBody: audioForm }
}

function asked(summary: string): OperationTexts {
  return {
    tag: 'Server',
    summary,
    description: ROUTE_FIELDS,
    parameters: [
      {
        name: 'upstream',
        in: 'query',
        description: 'The label of the upstream that is asked.',
        schema: { type: 'string' },
      },
      {
        name: 'model',
        in: 'query',
        description: 'A model of the upstream that is asked.',
        schema: { type: 'string' },
      },
    ],
    answerText: 'What the server answers.',
    errors: ENGINE_ERRORS,
  }
}

function managing(summary: string): OperationTexts {
  const schema = { type: 'object', description: 'The fields of Ollama’s API.' }
  return {
    tag: 'Ollama',
    summary,
    description:
      'Forwarded as it came to an Ollama upstream: the one that the query `upstream` or the header `x-sluice-upstream` names, else the one that has the model, else the only one.',
    requestBody: { 'application/json': { schema, example: { model: 'qwen3:8b' } } },
    answerText: 'What the server answers.',
    errors: [...ENGINE_ERRORS, 501],
    errorShape: 'OllamaError',
  }
}
