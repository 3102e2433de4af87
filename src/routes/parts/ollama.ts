import {
  askingOllama,
  completing,
  embedding,
  forwarding,
  passing,
} from '../../engines/upstream/abilities.ts'
import { ollama as ollamaFamily } from '../families.ts'
import { greeting } from '../ollama/greeting.ts'
import { noOllamaRoute } from '../ollama/no-route.ts'
import { ask, asking, entries, get, head, post, type RouteEntry, remove } from '../table-entry.ts'
import type { HandlerPart } from './part.ts'

const chat = () => import('../ollama/chat.ts')
const generating = () => import('../ollama/generate.ts')
const models = () => import('../ollama/models.ts')
const embeddingModule = () => import('../ollama/embed.ts')
const managing = () => import('../ollama/manage.ts')

/** Ollama's API. */
export const ollama = {
  name: 'ollama',
  noOllamaRoute,
  families: [ollamaFamily],
  greeting,
  abilities: [completing, embedding, forwarding, askingOllama, passing],
  routes: entries({
    createOllamaChat: ask('/api/chat', 'OllamaChatRequest', 'OllamaChatAnswer', chat),
    createOllamaGeneration: ask(
      '/api/generate',
      'OllamaGenerateRequest',
      'OllamaGenerateAnswer',
      generating,
    ),
    pullModel: manage('/api/pull'),
    buildModel: manage('/api/create'),
    copyModel: manage('/api/copy'),
    pushModel: manage('/api/push'),
    deleteModel: asking(remove('admin', '/api/delete', 'application/json', managing)),
    findBlob: asking(head('admin', '/api/blobs/:digest', 'application/json', managing)),
    createBlob: manage('/api/blobs/:digest'),
    listOllamaModels: get('key', '/api/tags', 'OllamaTags', models),
    showOllamaModel: post('key', '/api/show', 'OllamaShowRequest', 'OllamaShow', models),
    listRunningModels: get('key', '/api/ps', 'OllamaRunning', models),
    getOllamaVersion: get('open', '/api/version', 'OllamaVersion', models),
    createOllamaEmbed: ask('/api/embed', 'OllamaEmbedRequest', 'OllamaEmbeddings', embeddingModule),
    createOllamaEmbeddings: ask(
      '/api/embeddings',
      'OllamaEmbeddingsRequest',
      'OllamaEmbedding',
      embeddingModule,
    ),
  }),
} satisfies HandlerPart

/** A request that changes the models of an Ollama server. */
function manage(path: string): RouteEntry<typeof managing> {
  return asking(post('admin', path, undefined, 'application/x-ndjson', managing))
}
