/** What answers the routes that are forwarded: each is made from its entry in the table. */
import type { PassCall } from '../../engines/engine.ts'
import type { Route } from '../../engines/registry/router.ts'
import type { Exchange } from '../../stream/exchange.ts'
import { type OpenedPass, passedResponse } from '../../stream/passed-response.ts'
import { toApiError } from '../../wire/errors/api-error.ts'
import { callOptionsOf } from '../ask-chat.ts'
import { beginExchange } from '../exchange.ts'
import type { RouteHandler } from '../route.ts'
import { readPassedBody } from './bodies.ts'
import { askPassing, requirePassing } from './engine.ts'
import type { PassedBody, PassThroughRoute } from './pass-route.ts'
import { passThroughRoutes } from './table.ts'

/** A route that forwards a request to the engine that is chosen for it, and its answer to the client. */
function forwarded(route: PassThroughRoute): RouteHandler {
  return async (request, trace, context) => {
    const body = await readPassedBody(request, trace, route, context.settings)
    const { model } = body
    const exchange = await beginExchange(context, request, trace, { model, use: route.use(body) })
    try {
      const call = callOf(route, body, request)
      const upstream = new URL(request.url).searchParams.get('upstream') ?? undefined
      const target = { route, call, model, upstream: route.body === 'query' ? upstream : undefined }
      const opening = askPassing(context, exchange, target, passAsker(exchange, call))
      return await passedResponse(exchange, opening, context.streaming)
    } catch (error) {
      exchange.fail(toApiError(error))
      throw error
    }
  }
}

/** Asks one engine, and waits for the first part of its answer: until then another may be asked. */
export function passAsker(
  exchange: Exchange,
  call: PassCall,
): (route: Route, signal: AbortSignal) => Promise<OpenedPass> {
  return async ({ engine, model }, signal) => {
    requirePassing(engine, call, model)
    const answer = await engine.pass(call, model, signal, callOptionsOf(exchange))
    // This attempt was aborted meanwhile, and another engine is tried.
    signal.throwIfAborted()
    exchange.isStream = answer.kind === 'passed'
    exchange.begin(answer)
    return answer.kind === 'passed' ? { answer, first: await answer.next() } : { answer }
  }
}

function callOf(route: PassThroughRoute, body: PassedBody, { headers }: Request): PassCall {
  const { method, path, alternatives, answers } = route
  const own = path.startsWith('/v1/') ? path.slice('/v1'.length) : `..${path}`
  const paths = [own, ...alternatives]
  return {
    method,
    paths: (model) => paths.map((each) => each + queryOf(route, body, model)),
    shownPath: path,
    headers: {
      accept: headers.get('accept') ?? '*/*',
      ...(body.type !== undefined && { 'content-type': body.type }),
    },
    ...(body.bytes && { body: body.bytes }),
    answers,
  }
}

/** The query of a request without a body, with the server's own name of the model. */
function queryOf(
  { body: kind }: PassThroughRoute,
  { fields }: PassedBody,
  model: string | undefined,
): string {
  if (kind !== 'query') return ''
  const { upstream: _, ...others } = fields as Record<string, string>
  const query = new URLSearchParams({ ...others, ...(model !== undefined && { model }) }).toString()
  return query === '' ? '' : `?${query}`
}

export const createRerank = forwarded(passThroughRoutes.createRerank)
export const createRerankV2 = forwarded(passThroughRoutes.createRerankV2)
export const createReranking = forwarded(passThroughRoutes.createReranking)
export const createRerankAtRoot = forwarded(passThroughRoutes.createRerankAtRoot)
export const createScore = forwarded(passThroughRoutes.createScore)
export const createScoreAtRoot = forwarded(passThroughRoutes.createScoreAtRoot)
export const tokenize = forwarded(passThroughRoutes.tokenize)
export const detokenize = forwarded(passThroughRoutes.detokenize)
export const applyTemplate = forwarded(passThroughRoutes.applyTemplate)
export const createInfill = forwarded(passThroughRoutes.createInfill)
export const createTranscription = forwarded(passThroughRoutes.createTranscription)
export const createTranslation = forwarded(passThroughRoutes.createTranslation)
export const createSpeech = forwarded(passThroughRoutes.createSpeech)
export const createImage = forwarded(passThroughRoutes.createImage)
export const createModeration = forwarded(passThroughRoutes.createModeration)
export const getServerProps = forwarded(passThroughRoutes.getServerProps)
export const listSlots = forwarded(passThroughRoutes.listSlots)
