import { counting, forwarding } from '../../engines/upstream/abilities.ts'
import { memoryResponseStore } from '../../state/response-store.ts'
import { always, ask, entries, get, post, remove } from '../table-entry.ts'
import type { HandlerPart } from './part.ts'

const module = () => import('../responses/create.ts')
const inputTokens = () => import('../responses/input-tokens.ts')
const compacting = () => import('../responses/compact.ts')
const stored = () => import('../responses/stored.ts')

/** `POST /v1/responses`, and the responses that are stored. */
export const responses = {
  name: 'responses',
  store: memoryResponseStore,
  abilities: [forwarding, counting],
  routes: entries({
    createResponse: ask('/v1/responses', 'ResponsesRequest', 'Response', module),
    // Before the routes of a response, whose id may be any word.
    countInputTokens: ask(
      '/v1/responses/input_tokens',
      'InputTokensRequest',
      'ResponseTokens',
      inputTokens,
    ),
    compactResponse: ask(
      '/v1/responses/compact',
      'CompactRequest',
      'CompactedResponse',
      compacting,
    ),
    retrieveResponse: get('key', '/v1/responses/:id', 'Response', stored),
    deleteResponse: remove('key', '/v1/responses/:id', 'ResponseDeleted', stored),
    cancelResponse: always(post('key', '/v1/responses/:id/cancel', undefined, 'Response', stored)),
    listInputItems: get('key', '/v1/responses/:id/input_items', 'ResponseItems', stored),
  }),
} satisfies HandlerPart
