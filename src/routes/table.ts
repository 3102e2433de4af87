/**
 * Every route, in the order in which they are tried: its path, the schemas of its request and answer,
 * and the module that exports its handler under the route's operation id. The router, `Allow`,
 * preflight answers and OpenAPI derive from this table; what OpenAPI says of each route in words is in
 * scripts/openapi/operations.ts, so that no server carries it.
 */
import { createChatCompletion } from './chat.ts'
import type { HandlerModule } from './route.ts'

// The chat's code is loaded at the start, since most requests are for it; the rest when first asked.
const chat = { createChatCompletion }
const completions = () => import('./completions.ts')
const messages = () => import('./messages.ts')
const counting = () => import('./count-tokens.ts')
const responses = () => import('./responses/create.ts')
const inputTokens = () => import('./responses/input-tokens.ts')
const compacting = () => import('./responses/compact.ts')
const stored = () => import('./responses/stored.ts')
const embeddings = () => import('./embeddings.ts')
const models = () => import('./models.ts')
const ollamaChat = () => import('./ollama/chat.ts')
const ollamaGenerate = () => import('./ollama/generate.ts')
const ollamaModels = () => import('./ollama/models.ts')
const ollamaEmbed = () => import('./ollama/embed.ts')
const health = () => import('./health.ts')
const pages = () => import('./pages.ts')
const passing = () => import('./pass-through/handlers.ts')
const activity = () => import('./activity/activity.ts')
const captures = () => import('./captures.ts')
const managing = () => import('./ollama/manage.ts')
const measuring = () => import('./metrics.ts')
const usage = () => import('./usage.ts')
const streams = () => import('./streams/streams.ts')
const tabs = () => import('./tabs.ts')
const pairings = () => import('./pairings.ts')
const errorDocs = () => import('./errors/error-docs.ts')

/** The first word of a route is who may use it. */
export const table = entries({
  createChatCompletion: ask('/v1/chat/completions', 'ChatRequest', 'ChatCompletion', chat),
  createCompletion: ask('/v1/completions', 'TextRequest', 'TextCompletion', completions),
  createMessage: ask('/v1/messages', 'MessagesRequest', 'Message', messages),
  countMessageTokens: ask('/v1/messages/count_tokens', 'CountRequest', 'MessageTokens', counting),
  createResponse: ask('/v1/responses', 'ResponsesRequest', 'Response', responses),
  // Before the routes of a response, whose id may be any word.
  countInputTokens: ask(
    '/v1/responses/input_tokens',
    'InputTokensRequest',
    'ResponseTokens',
    inputTokens,
  ),
  compactResponse: ask('/v1/responses/compact', 'CompactRequest', 'CompactedResponse', compacting),
  retrieveResponse: get('key', '/v1/responses/:id', 'Response', stored),
  deleteResponse: remove('key', '/v1/responses/:id', 'ResponseDeleted', stored),
  cancelResponse: always(post('key', '/v1/responses/:id/cancel', undefined, 'Response', stored)),
  listInputItems: get('key', '/v1/responses/:id/input_items', 'ResponseItems', stored),
  createEmbedding: ask('/v1/embeddings', 'EmbeddingRequest', 'EmbeddingList', embeddings),
  listModels: get('key', '/v1/models', ['ModelList', 'ModelPage'], models),
  retrieveModel: get('key', '/v1/models/:id+', ['Model', 'ModelInfo'], models),
  createOllamaChat: ask('/api/chat', 'OllamaChatRequest', 'OllamaChatAnswer', ollamaChat),
  createOllamaGeneration: ask(
    '/api/generate',
    'OllamaGenerateRequest',
    'OllamaGenerateAnswer',
    ollamaGenerate,
  ),
  health: get('open', '/health', 'Health', health),
  ready: get('open', '/health/ready', 'Health', health),
  home: get('open', '/', 'text/html', pages),
  status: get('open', '/status', 'text/html', pages),
  openapi: get('open', '/openapi.json', 'application/json', pages),
  openapiPage: get('open', '/openapi.html', 'text/html', pages),
  listErrors: get('open', '/docs/errors', 'text/plain', errorDocs),
  explainError: get('open', '/docs/errors/:code', 'text/plain', errorDocs),
  createRerank: pass('/v1/rerank'),
  createRerankV2: pass('/v2/rerank'),
  createReranking: pass('/v1/reranking'),
  createRerankAtRoot: pass('/rerank'),
  createScore: pass('/v1/score'),
  createScoreAtRoot: pass('/score'),
  tokenize: pass('/tokenize'),
  detokenize: pass('/detokenize'),
  applyTemplate: pass('/apply-template'),
  createInfill: pass('/infill'),
  createTranscription: pass('/v1/audio/transcriptions'),
  createTranslation: pass('/v1/audio/translations'),
  createSpeech: pass('/v1/audio/speech', 'audio/mpeg'),
  createImage: pass('/v1/images/generations'),
  createModeration: pass('/v1/moderations'),
  getServerProps: asking(get('admin', '/props', 'application/json', passing)),
  listSlots: asking(get('admin', '/slots', 'application/json', passing)),
  pullModel: manage('/api/pull'),
  buildModel: manage('/api/create'),
  copyModel: manage('/api/copy'),
  pushModel: manage('/api/push'),
  deleteModel: asking(remove('admin', '/api/delete', 'application/json', managing)),
  findBlob: asking(head('admin', '/api/blobs/:digest', 'application/json', managing)),
  createBlob: manage('/api/blobs/:digest'),
  listOllamaModels: get('key', '/api/tags', 'OllamaTags', ollamaModels),
  showOllamaModel: post('key', '/api/show', 'OllamaShowRequest', 'OllamaShow', ollamaModels),
  listRunningModels: get('key', '/api/ps', 'OllamaRunning', ollamaModels),
  getOllamaVersion: get('open', '/api/version', 'OllamaVersion', ollamaModels),
  createOllamaEmbed: ask('/api/embed', 'OllamaEmbedRequest', 'OllamaEmbeddings', ollamaEmbed),
  createOllamaEmbeddings: ask(
    '/api/embeddings',
    'OllamaEmbeddingsRequest',
    'OllamaEmbedding',
    ollamaEmbed,
  ),
  listActivity: get('key', '/v1/activity', 'ActivityList', activity),
  retrieveActivity: get('key', '/v1/activity/:id', 'Activity', activity),
  cancelActivity: always(post('key', '/v1/activity/:id/cancel', undefined, 'Activity', activity)),
  readMetrics: get('metrics', '/metrics', 'text/plain', measuring),
  listCaptures: get('admin', '/v1/captures', 'CaptureList', captures),
  changeCaptures: post('admin', '/v1/captures', 'CaptureChange', 'CaptureList', captures),
  deleteCaptures: remove('admin', '/v1/captures', 'CaptureList', captures),
  retrieveCapture: get('admin', '/v1/captures/:id', 'application/x-ndjson', captures),
  deleteCapture: remove('admin', '/v1/captures/:id', 'CaptureDeleted', captures),
  retrieveUsage: always(get('key', '/v1/usage', ['KeyUsage', 'KeyUsageList'], usage)),
  retrieveStream: get('key', '/v1/streams/:id', 'text/event-stream', streams),
  deleteStream: always(remove('key', '/v1/streams/:id', 'Stream', streams)),
  stopStream: always(post('key', '/v1/streams/:id/stop', undefined, 'Stream', streams)),
  openPairing: post('admin', '/v1/pairings', 'PairingWish', 'Pairing', pairings),
  redeemPairing: post('open', '/v1/pairings/redeem', 'PairingOffer', 'Paired', pairings),
  listPairings: get('admin', '/v1/pairings', 'PairedList', pairings),
  removePairing: remove('admin', '/v1/pairings/:name', 'PairedRemoved', pairings),
  listTabs: get('admin', '/v1/tabs', 'TabList', tabs),
  joinTab: post('offer', '/v1/tabs', 'TabHello', 'text/event-stream', tabs),
  tellTab: post('offer', '/v1/tabs/:id', 'TabBatch', 'TabTaken', tabs),
  removeTab: remove('admin', '/v1/tabs/:id', 'TabRemoved', tabs),
})

/** What generated clients call a route, and the name of the function that answers it. */
export type OperationId = keyof typeof table

/**
 * - `open`: anyone. Its answer may show more to callers with a key, and to admins.
 * - `key`: whoever has a key, where the server has keys.
 * - `admin`: a key with `admin: true`; where there are no keys, a program on this machine.
 * - `offer`: a key with `offers: true`, which may use no other route that needs a key; where there are no keys, a
 *   page or program on this machine.
 * - `metrics`: the same, and a key with `metrics: true`, which may use no other route that needs a key.
 */
export type Access = 'open' | 'key' | 'admin' | 'metrics' | 'offer'

export interface TableEntry {
  access: Access
  method: 'get' | 'post' | 'delete' | 'head'
  /** In the router's syntax: `:id+` may hold slashes. */
  path: string
  /** The schema of the body, by its name in the OpenAPI document. */
  request?: string | undefined
  /** The schema of a JSON answer; several where a header chooses; else the content type. */
  answer: string | readonly string[]
  /** Whether an engine is asked: such a request is counted with what it asks for, once that is known. */
  asksEngine?: boolean
  /** Whether it is answered though a quota of a day or month is used up: it looks at that, or stops what runs. */
  isBeyondQuotas?: boolean
  module: HandlerModule<never>
}

type Entry<Module> = Omit<TableEntry, 'module'> & { module: Module }

/** Each module must export a handler under the id of its route. */
function entries<Entries extends { [Id in keyof Entries]: Entry<HandlerModule<Id & string>> }>(
  given: Entries,
): Record<keyof Entries, TableEntry> {
  return given as never
}

type Answer = TableEntry['answer']

function get<M>(access: Access, path: string, answer: Answer, module: M): Entry<M> {
  return { access, method: 'get', path, answer, module }
}

function remove<M>(access: Access, path: string, answer: Answer, module: M): Entry<M> {
  return { access, method: 'delete', path, answer, module }
}

function head<M>(access: Access, path: string, answer: Answer, module: M): Entry<M> {
  return { access, method: 'head', path, answer, module }
}

/** A request that is forwarded as it came, to whoever understands it. */
function pass(path: string, answer: Answer = 'application/json'): Entry<typeof passing> {
  return ask(path, undefined, answer, passing)
}

/** A request that changes the models of an Ollama server. */
function manage(path: string): Entry<typeof managing> {
  return asking(post('admin', path, undefined, 'application/x-ndjson', managing))
}

/** A request that an engine answers. */
function ask<M>(path: string, request: string | undefined, answer: Answer, module: M): Entry<M> {
  return asking(post('key', path, request, answer, module))
}

/** A request that no quota of a day or month refuses. */
function always<M>(entry: Entry<M>): Entry<M> {
  return { ...entry, isBeyondQuotas: true }
}

function asking<M>(entry: Entry<M>): Entry<M> {
  return { ...entry, asksEngine: true }
}

function post<M>(
  access: Access,
  path: string,
  request: string | undefined,
  answer: Answer,
  module: M,
): Entry<M> {
  return { access, method: 'post', path, request, answer, module }
}
