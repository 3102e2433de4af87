import type { TranslatedRequest } from '../../dialects/dialect.ts'
import { translateCompaction } from '../../dialects/responses/compaction.ts'
import { ApiError, badRequest } from '../../wire/errors/api-error.ts'
import type { ResponsesRequest } from '../../wire/responses/request.ts'
import { converse } from '../conversation.ts'
import { generate, type JsonAnswering } from '../generate.ts'
import { readConversation } from './context.ts'

/** Statuses for a path that a server does not have. */
const MISSING_STATUSES = new Set([404, 405, 501])

/** `POST /v1/responses/compact`. Rejects with an `ApiError`. */
export const compactResponse = generate(async (body, { trace, context }) => {
  const { request, items, id } = await readConversation(body, trace, context)
  requireOneAnswer(request)
  const { maxTools } = context.settings
  return {
    api: 'responses',
    model: request.model,
    use: { body: request, conversation: items.map(({ item }) => item) },
    begin(exchange) {
      const usage = () => exchange.usage
      const asked = translateCompaction(request, items, id, usage, maxTools)
      const asking = (conversation: TranslatedRequest) =>
        (converse(exchange, trace, conversation, false) as JsonAnswering).json
      const [compact, summarize] = [asking(asked.native), asking(asked.summary)]
      return {
        async json(route, signal) {
          if (!route.engine.nativeApis?.includes('responses')) return summarize(route, signal)
          try {
            return await compact(route, signal)
          } catch (error) {
            if (!isMissingPath(error)) throw error
            return summarize(route, signal)
          }
        },
      }
    },
  }
})

/** Many servers have the rest of the API, but not this path. */
function isMissingPath(error: unknown): boolean {
  if (!(error instanceof ApiError) || error.code === 'model_not_found') return false
  return MISSING_STATUSES.has(error.status)
}

/** The API has no form of these: a client would wait for events. Throws an `ApiError` (400). */
function requireOneAnswer(request: ResponsesRequest): void {
  for (const field of ['stream', 'background']) {
    if (!request[field]) continue
    const reason = 'a conversation is compacted in one answer; leave the field out.'
    throw badRequest(`${field}: expected false, got ${request[field]}: ${reason}`, field)
  }
}
