import { embedding } from '../../engines/upstream/abilities.ts'
import { ask, entries } from '../table-entry.ts'
import type { HandlerPart } from './part.ts'

const module = () => import('../embeddings.ts')

/** `POST /v1/embeddings` */
export const embeddings = {
  name: 'embeddings',
  abilities: [embedding],
  routes: entries({
    createEmbedding: ask('/v1/embeddings', 'EmbeddingRequest', 'EmbeddingList', module),
  }),
} satisfies HandlerPart
