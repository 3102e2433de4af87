/**
 * The APIs that are forwarded: one entry says all that differs between them. The path at an upstream is that
 * of the route, below the API's root where it begins with `/v1` and below the server's otherwise.
 */
import { audioFileTokens, GENERATED_IMAGE_TOKENS } from '../../guard/media-size.ts'
import { promptSize } from '../../guard/prompt-size.ts'
import type { PassThroughPath } from '../../wire/pass-through/paths.ts'
import { isTokenCount } from '../../wire/usage.ts'
import type { RequestedUse } from '../token-use.ts'
import type { PassedBody, PassThroughRoute } from './pass-route.ts'

type Given = Partial<PassThroughRoute> & Pick<PassThroughRoute, 'path'>

/** Counting and formatting use no tokens. */
const nothing = () => ({ answers: 0 })

const AUDIO_FILE: Given['answers'] = ['audio/*', 'application/octet-stream']

/** None that a browser runs, as it does the scripts of an SVG. */
const IMAGE_FILE: Given['answers'] = ['png', 'jpeg', 'webp', 'gif', 'avif'].map((each) => {
  return `image/${each}`
})

/** Some servers send what they heard as HTML, although it is text. */
const HEARD: Given['answers'] = [
  'text/plain',
  'text/vtt',
  'text/srt',
  'application/x-subrip',
  'text/html',
]

const reranking = {
  rule: '/v1/rerank',
  lists: ['documents', 'texts'],
  use: texts('query', 'documents', 'texts'),
} as const

const scoring = {
  rule: '/v1/score',
  lists: ['documents', 'queries', 'text_1', 'text_2', 'items', 'data_1', 'data_2'],
  use: texts('query', 'queries', 'documents', 'text_1', 'text_2', 'items', 'data_1', 'data_2'),
} as const

const hearing = { body: 'multipart', answers: HEARD, use: heard } as const

/** By the ids of their operations. */
export const passThroughRoutes = {
  createRerank: post({ path: '/v1/rerank', alternatives: ['../rerank'], ...reranking }),
  createRerankV2: post({ path: '/v2/rerank', ...reranking }),
  createReranking: post({ path: '/v1/reranking', ...reranking }),
  createRerankAtRoot: post({ path: '/rerank', alternatives: ['/rerank'], ...reranking }),
  createScore: post({ path: '/v1/score', alternatives: ['../score'], ...scoring }),
  createScoreAtRoot: post({ path: '/score', alternatives: ['/score'], ...scoring }),
  tokenize: post({ path: '/tokenize', lists: ['messages', 'tools'], use: nothing }),
  detokenize: post({ path: '/detokenize', use: nothing }),
  applyTemplate: post({ path: '/apply-template', lists: ['messages', 'tools'], use: nothing }),
  createInfill: post({ path: '/infill', lists: ['input_extra'], use: infilled }),
  createTranscription: post({ path: '/v1/audio/transcriptions', ...hearing }),
  createTranslation: post({ path: '/v1/audio/translations', ...hearing }),
  createSpeech: post({
    path: '/v1/audio/speech',
    answers: AUDIO_FILE,
    use: texts('input', 'instructions'),
  }),
  createImage: post({ path: '/v1/images/generations', answers: IMAGE_FILE, use: drawn }),
  createModeration: post({ path: '/v1/moderations', lists: ['input'], use: moderated }),
  getServerProps: get('/props'),
  listSlots: get('/slots'),
} as const satisfies Record<string, PassThroughRoute>

function post(given: Given): PassThroughRoute {
  return {
    method: 'POST',
    body: 'json',
    answers: [],
    lists: [],
    alternatives: [],
    use: nothing,
    rule: given.path as PassThroughPath,
    ...given,
  }
}

function get(path: PassThroughPath): PassThroughRoute {
  return { ...post({ path }), method: 'GET', body: 'query' }
}

/** A token for four bytes of the text in these fields. */
function texts(...names: string[]): (body: PassedBody) => RequestedUse {
  return ({ fields }) => {
    const inputs = () => names.map((name) => fields[name])
    return { answers: 0, estimate: () => promptSize({ inputs: inputs() }).tokens }
  }
}

/** The sound by the size of its file, as its length is not known, and the text that guides. */
function heard({ fields, files }: PassedBody): RequestedUse {
  const sound = () =>
    files.reduce((sum, { length, head }) => sum + audioFileTokens(length, head), 0)
  const text = () => promptSize({ inputs: [fields.prompt] }).tokens
  return { answers: 0, estimate: () => sound() + text() }
}

/** The description, and each image as one of usual size. */
function drawn({ fields }: PassedBody): RequestedUse {
  // Servers that convert types take a number in a string too.
  const n = typeof fields.n === 'string' ? Number(fields.n) : fields.n
  const count = isTokenCount(n) ? Math.max(1, n) : 1
  const text = () => promptSize({ inputs: [fields.prompt] }).tokens
  return { answers: 0, estimate: () => text() + count * GENERATED_IMAGE_TOKENS }
}

/** Parts with images are counted as in a chat. */
function moderated({ fields: { input } }: PassedBody): RequestedUse {
  const conversation = [{ content: input }]
  return { answers: 0, estimate: () => promptSize({ conversation }).tokens }
}

/** What is before and after the gap, and the text that is generated. */
function infilled({ fields }: PassedBody): RequestedUse {
  const { input_prefix, input_suffix, input_extra, prompt, n_predict } = fields
  return {
    inputs: [input_prefix, input_suffix, input_extra, prompt],
    body: { max_tokens: fields.max_tokens ?? n_predict },
  }
}
