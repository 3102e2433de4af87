import { type TranslatedResponsesRequest, translate } from '../../dialects/responses/dialect.ts'
import { requireItemLimits } from '../../guard/size.ts'
import type { Exchange } from '../../stream/exchange.ts'
import { openStream, streamResponse } from '../../stream/sse-response.ts'
import { withTimeout } from '../../util/with-timeout.ts'
import { badRequest, toApiError } from '../../wire/errors/api-error.ts'
import { Cancelled } from '../../wire/errors/cancelled.ts'
import {
  parseResponsesRequest,
  type ResponseItem,
  type ResponsesRequest,
} from '../../wire/responses/request.ts'
import { chatAsker } from '../ask-chat.ts'
import { chatOf, converse } from '../conversation.ts'
import { type Answering, generate, type StreamAnswering } from '../generate.ts'
import { jsonResponse } from '../json.ts'
import type { RouteContext } from '../route.ts'
import type { Trace } from '../trace.ts'
import type { BackgroundPlaces } from './background.ts'
import { contextOf, newResponseId } from './context.ts'
import { noRecorder, type ResponseRecorder, recordResponse } from './recorder.ts'

/** `POST /v1/responses` */
export const createResponse = generate(async (body, { trace, context }) => {
  const call = await readCall(body, trace, context)
  const { model, background } = call.request
  return {
    model,
    use: { body: call.request, conversation: call.input },
    // A response in the background goes on when its client disconnects.
    ...(background && { client: { signal: new AbortController().signal }, slot: 'background' }),
    begin(exchange) {
      const conversation = call.conversation(exchange)
      return background
        ? beginRun(call, conversation, exchange, trace, context)
        : beginResponse(call, conversation, exchange, trace)
    },
  }
})

/** One request, read and checked. */
interface ResponseCall {
  request: ResponsesRequest
  /** The whole conversation: what came before the request, and its own input. */
  input: ResponseItem[]
  owner: string
  recorder: ResponseRecorder
  conversation(exchange: Exchange): TranslatedResponsesRequest
}

async function readCall(
  body: unknown,
  trace: Trace,
  { settings, isolates, responses: { store, runs } }: RouteContext,
): Promise<ResponseCall> {
  requireItemLimits(body, settings)
  const request = parseResponsesRequest(body)
  // Where requests are isolated, work goes on after a response only as far as the runtime lets it.
  const mayRun = runs !== undefined && (!isolates || trace.waitUntil !== undefined)
  if (request.background) requireBackground(request, mayRun)
  const owner = trace.caller?.name ?? ''
  const id = newResponseId()
  const items = await contextOf(store, owner, request, id)
  const input = items.map(({ item }) => item)
  requireItemLimits({ input }, settings)
  const recorder = request.store === false ? noRecorder : recordResponse(trace, store, owner, input)
  const conversation = (exchange: Exchange) => {
    const telling = { usage: () => exchange.usage, onChange: recorder.change }
    return translate(request, items, id, telling, settings.maxTools)
  }
  return { request, input, owner, recorder, conversation }
}

/** Answers on the client's connection. A stream that the client leaves is stored as cancelled. */
function beginResponse(
  { request, recorder }: ResponseCall,
  conversation: TranslatedResponsesRequest,
  exchange: Exchange,
  trace: Trace,
): Answering {
  const answering = converse(exchange, trace, conversation, request.stream)
  if ('json' in answering) return { ...answering, beforeSend: () => recorder.begin() }
  const send: StreamAnswering['send'] = async (_exchange, opening, encoder, streaming) => {
    opening.catch(() => {})
    const early = await exchange.untilEnd(withTimeout(streaming.headerWait, opening))
    const headerWait = early === undefined ? 0 : streaming.headerWait
    try {
      await exchange.untilEnd(recorder.begin(conversation.encoder().response))
      const response = await streamResponse(exchange, opening, encoder, {
        ...streaming,
        headerWait,
      })
      void exchange.delivered?.then(() => {
        const { outcome } = exchange
        // Who stopped it otherwise has told its client why.
        if (outcome?.kind === 'cancelled' && !outcome.reason) conversation.encoder().cancel()
      })
      return response
    } catch (error) {
      // It may be stored, and must not stay in progress.
      if (error instanceof Cancelled) conversation.encoder().cancel()
      else conversation.encoder().error(toApiError(error))
      throw error
    }
  }
  return { ...answering, send }
}

/** Answers in the background: the client is told of the response at once, and may follow its events. */
async function beginRun(
  { request, owner, recorder }: ResponseCall,
  conversation: TranslatedResponsesRequest,
  exchange: Exchange,
  trace: Trace,
  context: RouteContext,
): Promise<Answering> {
  const {
    pool,
    responses: { runs },
    settings,
  } = context
  if (runs === undefined) throw new TypeError('nothing runs in the background here')
  const requireRoom = () => runs.requireRoom(owner, placesOf(context))
  await pool.requireModel(exchange, request.model)
  requireRoom()
  exchange.isBackground = true
  const chat = { ...chatOf(conversation, trace), stream: true }
  const ask = chatAsker(exchange, chat, { asChunks: true })
  const encoder = conversation.encoder()
  return {
    open: (route, signal) => openStream(exchange, ask(route, signal), signal),
    encoder,
    async send(_exchange, opening, _encoder, streaming) {
      const { response } = encoder
      opening.catch(() => {})
      try {
        await recorder.begin(response)
        // Others may have begun meanwhile.
        requireRoom()
      } catch (error) {
        encoder.error(toApiError(error))
        throw error
      }
      runs.start(owner, exchange, opening, encoder, streaming)
      if (!request.stream) return jsonResponse(response)
      return runs.follow(owner, response.id, 0, settings.clientTimeout)
    },
  }
}

function placesOf({ settings, hasSeveralCallers, isolates }: RouteContext): BackgroundPlaces {
  return {
    places: settings.maxBackground,
    isShared: hasSeveralCallers,
    silence: isolates ? 3 * settings.heartbeat + 15_000 : undefined,
  }
}

function requireBackground({ store }: ResponsesRequest, mayRun: boolean): void {
  if (!mayRun) {
    const reason =
      'this server ends all work of a request with its connection; leave background out.'
    throw badRequest(`background: expected false, got true: ${reason}`, 'background')
  }
  if (store === false) {
    const reason =
      'a response in the background is read from the store; leave store out, or background.'
    throw badRequest(`store: expected true where background is true, got false: ${reason}`, 'store')
  }
}
