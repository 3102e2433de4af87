/** Ollama's routes that change a server's models: forwarded to an Ollama upstream as they came. */
import type { PassCall } from '../../engines/engine.ts'
import { requireModelAccess } from '../../engines/registry/model-access.ts'
import { readRawBody } from '../../guard/body.ts'
import { type OpenedPass, passedResponse } from '../../stream/passed-response.ts'
import { quoted } from '../../util/safe/quoted.ts'
import { badRequest, toApiError } from '../../wire/errors/api-error.ts'
import { beginExchange } from '../exchange.ts'
import { modelIn, readObject } from '../pass-through/bodies.ts'
import { passAsker } from '../pass-through/handlers.ts'
import type { RouteContext, RouteHandler, RouteRequest } from '../route.ts'
import type { Trace } from '../trace.ts'
import { ollamaServerFor } from './servers.ts'

/** The fields that name models. */
const NAMES = ['model', 'name', 'source', 'destination', 'from'] as const

interface Management {
  method: PassCall['method']
  path: string
  /** What it does, for a refusal: `pull models`. */
  does: string
  /** Which of the fields names a model that the server must have: the server is then found by it. */
  owned?: readonly (typeof NAMES)[number][]
  /** Whether its body is a file, which is not read. */
  isFile?: boolean
}

/** What was read of a request. */
interface Read {
  type?: string
  bytes?: Uint8Array<ArrayBuffer>
  names: Partial<Record<(typeof NAMES)[number], string>>
}

export const pullModel = management({ method: 'POST', path: '/api/pull', does: 'pull models' })
export const buildModel = management({
  method: 'POST',
  path: '/api/create',
  does: 'create models',
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
  owned: ['model', 'name'],
})
export const deleteModel = management({
  method: 'DELETE',
  path: '/api/delete',
  does: 'delete models',
  owned: ['model', 'name'],
})
export const findBlob = management({ method: 'HEAD', path: '/api/blobs', does: 'keep files' })
export const createBlob = management({
  method: 'POST',
  path: '/api/blobs',
  does: 'keep files',
  isFile: true,
})

/**
 * Neither queue nor slot: a download of an hour must not keep others from the server. Nor is it sent
 * again, since what it changes would be changed twice.
 */
function management(asked: Management): RouteHandler {
  return async (request, trace, context) => {
    const read = await readManagement(request, trace, context, asked)
    for (const name of Object.values(read.names)) {
      requireModelAccess(trace.caller?.mayUseModel, name)
    }
    const model = asked.owned?.map((field) => read.names[field]).find((name) => name)
    const { does } = asked
    const entry = await ollamaServerFor(request, context.catalog, { does, model })
    const use = { answers: 0, estimate: () => 0 }
    const exchange = await beginExchange(context, request, trace, { model: undefined, use })
    try {
      exchange.attempt(entry.engine.label, read.names.model ?? read.names.name)
      const call = callOf(asked, request, read)
      const route = { engine: entry.engine, model: undefined, isDown: false }
      const opening = passAsker(exchange, call)(route, exchange.signal)
      const changing = opening.then((opened) =>
        withRefresh(opened, () => context.catalog.refresh(0)),
      )
      return await passedResponse(exchange, changing, context.streaming)
    } catch (error) {
      exchange.fail(toApiError(error))
      throw error
    }
  }
}

async function readManagement(
  request: RouteRequest,
  trace: Trace,
  { settings }: RouteContext,
  { method, isFile }: Management,
): Promise<Read> {
  await trace.caller?.acquireSlot()
  if (method === 'HEAD') return { names: {} }
  if (isFile) {
    const advice = { advice: '' }
    const bytes = await readRawBody(request, advice, settings.maxBody, settings.bodyTimeout)
    return { bytes, type: 'application/octet-stream', names: {} }
  }
  const { bytes, value } = await readObject(request, trace, settings)
  return { bytes, type: 'application/json', names: namesIn(value) }
}

function namesIn(body: Record<string, unknown>): Read['names'] {
  const names: Read['names'] = {}
  for (const field of NAMES) {
    const name = modelIn(body, field)
    if (name !== undefined) names[field] = name
  }
  return names
}

const DIGEST = /^sha256[:-][0-9a-f]{64}$/

function callOf(
  { method, path }: Management,
  { params, headers }: RouteRequest,
  { type, bytes }: Read,
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

/** Lists the models again when the server has changed them. */
function withRefresh(opened: OpenedPass, refresh: () => void): OpenedPass {
  if (!('first' in opened)) {
    refresh()
    return opened
  }
  const { answer } = opened
  async function next() {
    const batch = await answer.next()
    if (batch === undefined) refresh()
    return batch
  }
  return { ...opened, answer: { ...answer, next } }
}
