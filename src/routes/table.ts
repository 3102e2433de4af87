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
const stored = () => import('./responses/stored.ts')
const embeddings = () => import('./embeddings.ts')
const models = () => import('./models.ts')
const health = () => import('./health.ts')
const pages = () => import('./pages.ts')

const withKey = entries('key', {
  createChatCompletion: post('/v1/chat/completions', 'ChatRequest', 'ChatCompletion', chat),
  createCompletion: post('/v1/completions', 'TextRequest', 'TextCompletion', completions),
  createMessage: post('/v1/messages', 'MessagesRequest', 'Message', messages),
  countMessageTokens: post('/v1/messages/count_tokens', 'CountRequest', 'MessageTokens', counting),
  createResponse: post('/v1/responses', 'ResponsesRequest', 'Response', responses),
  retrieveResponse: get('/v1/responses/:id', 'Response', stored),
  deleteResponse: remove('/v1/responses/:id', 'ResponseDeleted', stored),
  cancelResponse: post('/v1/responses/:id/cancel', undefined, 'Response', stored),
  listInputItems: get('/v1/responses/:id/input_items', 'ResponseItems', stored),
  createEmbedding: post('/v1/embeddings', 'EmbeddingRequest', 'EmbeddingList', embeddings),
  listModels: get('/v1/models', ['ModelList', 'ModelPage'], models),
  retrieveModel: get('/v1/models/:id+', ['Model', 'ModelInfo'], models),
})

const open = entries('open', {
  health: get('/health', 'Health', health),
  ready: get('/health/ready', 'Health', health),
  home: get('/', 'text/html', pages),
  status: get('/status', 'text/html', pages),
  openapi: get('/openapi.json', 'application/json', pages),
  openapiPage: get('/openapi.html', 'text/html', pages),
})

export const table = { ...withKey, ...open }

/** What generated clients call a route, and the name of the function that answers it. */
export type OperationId = keyof typeof table

export interface TableEntry {
  /** Whether a server that has keys wants one. */
  access: 'key' | 'open'
  method: 'get' | 'post' | 'delete'
  /** In the router's syntax: `:id+` may hold slashes. */
  path: string
  /** The schema of the body, by its name in the OpenAPI document. */
  request?: string | undefined
  /** The schema of a JSON answer; several where a header chooses; else the content type. */
  answer: string | readonly string[]
  module: HandlerModule<never>
}

type Entry<Module> = Omit<TableEntry, 'access' | 'module'> & { module: Module }

/** Each module must export a handler under the id of its route. */
function entries<Entries extends { [Id in keyof Entries]: Entry<HandlerModule<Id & string>> }>(
  access: TableEntry['access'],
  given: Entries,
): Record<keyof Entries, TableEntry> {
  const all = Object.entries<Entry<HandlerModule<never>>>(given)
  return Object.fromEntries(all.map(([id, entry]) => [id, { access, ...entry }])) as never
}

function get<M>(path: string, answer: TableEntry['answer'], module: M): Entry<M> {
  return { method: 'get', path, answer, module }
}

function remove<M>(path: string, answer: string, module: M): Entry<M> {
  return { method: 'delete', path, answer, module }
}

function post<M>(path: string, request: string | undefined, answer: string, module: M): Entry<M> {
  return { method: 'post', path, request, answer, module }
}
