/** Ollama's routes that change a server's models: forwarded to an Ollama upstream as they came. */
import type { PassCall } from '../../engines/engine.ts'
import { requireModelAccess } from '../../engines/registry/model-access.ts'
import type { StreamLimits } from '../../stream/deadlines.ts'
import { passedResponse } from '../../stream/passed-response.ts'
import { quoted } from '../../util/safe/quoted.ts'
import { badRequest, toApiError } from '../../wire/errors/api-error.ts'
import { beginExchange } from '../exchange.ts'
import { passAsker } from '../pass-through/handlers.ts'
import type { RouteHandler, RouteRequest } from '../route.ts'
import { endOf, withRefresh } from './manage-answer.ts'
import { type ManagedBody, type ManagedForm, type NameField, readManaged } from './manage-body.ts'
import { ollamaServerFor } from './servers.ts'

interface Management extends ManagedForm {
  path: string
  /** What it does, for a refusal: `pull models`. */
  does: string
  /** Which of the fields names a model that the server must have: the server is then found by it. */
  owned?: readonly NameField[]
}

const BLOBS = '/api/blobs'

export const pullModel = management({
  method: 'POST',
  path: '/api/pull',
  does: 'pull models',
  tellsProgress: true,
})
export const buildModel = management({
  method: 'POST',
  path: '/api/create',
  does: 'create models',
  tellsProgress: true,
  owned: ['from'],
})
export const copyModel = management({
  method: 'POST',
  path: '/api/copy',
  does: 'copy models',
  owned: ['source'],
})
export const pushModel = management({
  method: 'POST',
  path: '/api/push',
  does: 'push models',
  tellsProgress: true,
  owned: ['model', 'name'],
})
export const deleteModel = management({
  method: 'DELETE',
  path: '/api/delete',
  does: 'delete models',
  owned: ['model', 'name'],
})
export const findBlob = management({ method: 'HEAD', path: BLOBS, does: 'keep files' })
export const createBlob = management({
  method: 'POST',
  path: BLOBS,
  does: 'keep files',
  isFile: true,
})

/**
 * Neither queue nor slot: a download of an hour must not keep others from the server. Nor is it sent
 * again, since what it changes would be changed twice.
 */
function management(asked: Management): RouteHandler {
  return async (request, trace, context) => {
    const read = await readManaged(request, trace, context, asked)
    for (const name of Object.values(read.names)) {
      requireModelAccess(trace.caller?.mayUseModel, name)
    }
    const model = asked.owned?.map((field) => read.names[field]).find((name) => name)
    const { does, path } = asked
    const entry = await ollamaServerFor(request, context.catalog, { does, model })
    const use = { answers: 0, estimate: () => 0 }
    const limits = limitsOf(asked, context.settings)
    const exchange = await beginExchange(context, request, trace, { model: undefined, use, limits })
    try {
      exchange.timeline.attempt(entry.engine.label, read.names.model ?? read.names.name)
      const call = callOf(asked, request, read)
      const route = { engine: entry.engine, model: undefined, isDown: false }
      const opening = passAsker(exchange, call)(route, exchange.signal)
      const ended = read.wantsEnd
        ? opening.then((opened) => endOf(opened, exchange, entry.engine.label))
        : opening
      // A file is no model yet.
      const refresh = () => path !== BLOBS && context.catalog.refresh(0)
      const changing = ended.then((opened) => withRefresh(opened, refresh))
      return await passedResponse(exchange, changing, context.streaming)
    } catch (error) {
      exchange.fail(toApiError(error))
      throw error
    }
  }
}

/**
 * None but the client's for what takes as long as a network and a disk do, and may be silent meanwhile: a
 * server checks the digest of a large file for minutes. The client ends it by leaving.
 */
function limitsOf({ tellsProgress, isFile }: Management, settings: StreamLimits): StreamLimits {
  if (!tellsProgress && !isFile) return settings
  const { clientTimeout } = settings
  const none = Number.POSITIVE_INFINITY
  return { answerTimeout: none, firstTokenTimeout: none, tokenTimeout: none, clientTimeout }
}

const DIGEST = /^sha256[:-][0-9a-f]{64}$/

function callOf(
  { method, path }: Management,
  { params, headers }: RouteRequest,
  { type, bytes }: ManagedBody,
): PassCall {
  const { digest } = params as { digest?: string }
  if (digest !== undefined && !DIGEST.test(digest)) {
    throw badRequest(
      `digest: expected sha256: and 64 hexadecimal digits, got ${quoted(digest)}; send the digest of the file.`,
      'digest',
    )
  }
  const own = digest === undefined ? path : `${path}/${digest}`
  return {
    method,
    paths: () => [`..${own}`],
    namesFile: digest !== undefined,
    shownPath: own,
    headers: {
      accept: headers.get('accept') ?? '*/*',
      ...(type !== undefined && { 'content-type': type }),
    },
    ...(bytes && { body: () => bytes }),
    answers: [],
    isManagement: true,
  }
}
