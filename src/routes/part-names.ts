/** The parts of a handler, by name. A handler without a part knows it too, to say what is left out. */

/** What each part is called in a message, and the paths below which its routes are. */
export const PARTS = {
  chat: ['/v1/chat/completions'],
  completions: ['/v1/completions'],
  messages: ['/v1/messages'],
  responses: ['/v1/responses'],
  embeddings: ['/v1/embeddings'],
  models: ['/v1/models'],
  ollama: ['/api'],
  health: ['/health'],
  pages: ['/', '/status', '/openapi.json', '/openapi.html', '/docs'],
  passThrough: [
    '/v1/rerank',
    '/v2/rerank',
    '/v1/reranking',
    '/rerank',
    '/v1/score',
    '/score',
    '/tokenize',
    '/detokenize',
    '/apply-template',
    '/infill',
    '/v1/audio',
    '/v1/images',
    '/v1/moderations',
    '/props',
    '/slots',
  ],
  activity: ['/v1/activity'],
  metrics: ['/metrics'],
  captures: ['/v1/captures'],
  usage: ['/v1/usage'],
  streams: ['/v1/streams'],
  tabs: ['/v1/tabs', '/v1/pairings'],
  traces: [],
  discovery: [],
  largeBodies: [],
  affinity: [],
  balancing: [],
  builtIn: [],
  modelDetails: [],
  thinking: [],
  systemMessages: [],
  errorLinks: [],
} as const satisfies Record<string, readonly string[]>

export type PartName = keyof typeof PARTS

export function isPartName(name: unknown): name is PartName {
  return typeof name === 'string' && Object.hasOwn(PARTS, name)
}

/** The part that has the routes at this path; undefined where none has. */
export function partAt(path: string): PartName | undefined {
  const found = Object.entries(PARTS).find(([, paths]) =>
    paths.some((each) => path === each || (each !== '/' && path.startsWith(`${each}/`))),
  )
  return found?.[0] as PartName | undefined
}
