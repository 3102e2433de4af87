/** The routes of Ollama's API that describe models, and its embeddings. */
import { ENGINE_ERRORS, KEYED_ERRORS, OPEN_ERRORS } from './errors.ts'
import type { OperationTexts } from './operation.ts'

const tag = 'Ollama'
const errorShape = 'OllamaError'

export const ollamaModelTexts = {
  listOllamaModels: {
    tag,
    summary:
      'Lists the models as Ollama does: those that the engines serve now and the key may use.',
    description:
      'Models of an Ollama have the fields that it lists of them. Of others it is said what their servers tell; the rest is empty or 0.',
    answerText: 'The models.',
    errors: [...KEYED_ERRORS],
    errorShape,
  },
  showOllamaModel: {
    tag,
    summary: 'Describes one model as Ollama does: what it can do, and its context.',
    description:
      'The answer of an Ollama is passed on without paths of its files. For models of other servers, `tools` is among the capabilities unless the server lists abilities without it.',
    example: { model: 'static' },
    answerText: 'The model.',
    errors: [400, ...KEYED_ERRORS, 404, 408, 413, 415, 503],
    errorShape,
  },
  listRunningModels: {
    tag,
    summary: 'Lists the models that are loaded, as Ollama does.',
    answerText: 'The models that the key may use.',
    errors: [...KEYED_ERRORS],
    errorShape,
  },
  getOllamaVersion: {
    tag,
    summary: 'Reports the release of Ollama whose API is served, and the version of sluice.',
    answerText: 'Both versions.',
    errors: OPEN_ERRORS,
    errorShape,
  },
  createOllamaEmbed: {
    tag,
    summary: 'Embeds texts as vectors, in Ollama’s API.',
    example: { model: 'MODEL', input: ['Water'] },
    answerText: 'One vector for each text, in the same order.',
    errors: ENGINE_ERRORS,
    errorShape,
  },
  createOllamaEmbeddings: {
    tag,
    summary: 'Embeds one text, in the API that Ollama had before `/api/embed`.',
    example: { model: 'MODEL', prompt: 'Water' },
    answerText: 'The vector.',
    errors: ENGINE_ERRORS,
    errorShape,
  },
} satisfies Record<string, OperationTexts>
