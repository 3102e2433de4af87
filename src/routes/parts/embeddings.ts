import { ask, entries } from '../table-entry.ts'
import type { HandlerPart } from './part.ts'

const module = () => import('../embeddings.ts')

/** `POST /v1/embeddings` */
export const embeddings = {
  name: 'embeddings',
  routes: entries({
    createEmbedding: ask('/v1/embeddings', 'EmbeddingRequest', 'EmbeddingList', module),
  }),
} satisfies HandlerPart
