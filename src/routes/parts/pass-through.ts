import { passing } from '../../engines/upstream/abilities.ts'
import { passThrough as passThroughSettings } from '../../settings/table/of-parts.ts'
import { ask, asking, entries, get, type RouteAnswer, type RouteEntry } from '../table-entry.ts'
import type { HandlerPart } from './part.ts'

const module = () => import('../pass-through/handlers.ts')

/** Requests that are forwarded as they came. */
export const passThrough = {
  name: 'passThrough',
  settings: passThroughSettings,
  abilities: [passing],
  routes: entries({
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
    getServerProps: asking(get('admin', '/props', 'application/json', module)),
    listSlots: asking(get('admin', '/slots', 'application/json', module)),
  }),
} satisfies HandlerPart

/** A request that is forwarded to whoever understands it. */
function pass(path: string, answer: RouteAnswer = 'application/json'): RouteEntry<typeof module> {
  return ask(path, undefined, answer, module)
}
