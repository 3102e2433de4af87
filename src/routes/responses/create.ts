import { type TranslatedResponsesRequest, translate } from '../../dialects/responses/dialect.ts'
import { requireItemLimits } from '../../guard/size.ts'
import type { Exchange } from '../../stream/exchange.ts'
import { openStream } from '../../stream/sse-response.ts'
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
import { type Answering, generate, type Reading } from '../generate.ts'
import { jsonResponse } from '../json.ts'
import type { RouteContext } from '../route.ts'
import { asksForNumbers, silenceOf } from '../runs/resume.ts'
import type { StreamAnswering } from '../stream-answering.ts'
import type { Trace } from '../trace.ts'
import { contextOf, newResponseId } from './context.ts'
import { noRecorder, type ResponseRecorder, recordResponse } from './recorder.ts'

/** `POST /v1/responses` */
export const createResponse = generate(async (body, { request, trace, context }) => {
  const call = await readCall(body, trace, context)
  const { model, background } = call.request
  return {
    api: 'responses',
    model,
    use: { body: call.request, conversation: call.input },
    // A response in the background goes on when its client disconnects.
    ...(background && { client: { signal: new AbortController().signal }, slot: 'background' }),
    begin(exchange) {
      const conversation = call.conversation(exchange)
      return background
        ? beginInBackground(call, conversation, exchange, { request, trace, context })
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
  const endsWithRequest = isolates && trace.waitUntil === undefined
  if (request.background) requireBackground(request, runs !== undefined, endsWithRequest)
  const owner = trace.caller?.name ?? ''
  const id = runs?.id ?? newResponseId()
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
  const { response } = conversation.encoder()
  const lastWords = () => cancelled(conversation)
  const send: StreamAnswering['send'] = async (stream, _exchange, opening, encoder, streaming) => {
    opening.catch(() => {})
    const early = await exchange.untilEnd(withTimeout(streaming.headerWait, opening))
    const headerWait = early === undefined ? 0 : streaming.headerWait
    try {
      await exchange.untilEnd(recorder.begin(response))
      const sent = await stream(exchange, opening, encoder, { ...streaming, headerWait })
      void exchange.delivered?.then(() => {
        const { outcome } = exchange
        // Who stopped it otherwise has told its client why.
        if (outcome?.kind !== 'cancelled' || outcome.reason) return
        if (response.status !== 'cancelled') conversation.encoder().cancel()
      })
      return sent
    } catch (error) {
      // It may be stored, and must not stay in progress.
      if (error instanceof Cancelled) conversation.encoder().cancel()
      else conversation.encoder().error(toApiError(error), trace.docs)
      throw error
    }
  }
  return { ...answering, id: response.id, lastWords, send }
}

/** The events that end the stream of a response that was cancelled. */
function cancelled(conversation: TranslatedResponsesRequest): string {
  const encoder = conversation.encoder()
  encoder.cancel()
  return encoder.events.take()
}

/** Answers in the background: the client is told of the response at once, and may follow its events. */
async function beginInBackground(
  { request, owner, recorder }: ResponseCall,
  conversation: TranslatedResponsesRequest,
  exchange: Exchange,
  reading: Reading,
): Promise<Answering> {
  const { trace, context } = reading
  const { pool, responses, settings, hasSeveralCallers: isShared } = context
  const { runs } = responses
  if (runs === undefined) throw new TypeError('nothing runs in the background here')
  const places = { places: settings.maxBackground, isShared }
  const requireRoom = () => runs.requireRoom(owner, places, silenceOf(context))
  await pool.requireModel(exchange, request.model)
  requireRoom()
  exchange.isBackground = true
  const stream_options = { include_usage: true }
  const chat = { ...chatOf(conversation, trace), stream: true, stream_options }
  const ask = chatAsker(exchange, chat, { asChunks: true })
  const encoder = conversation.encoder()
  const plan = {
    ...{ api: 'responses' as const, owner, id: encoder.response.id, isBackground: true },
    hasIds: asksForNumbers(reading.request.headers),
    client: reading.request.signal,
    lastWords: () => cancelled(conversation),
    response: encoder.response,
  }
  return {
    open: (route, signal) => openStream(exchange, ask(route, signal), signal),
    encoder,
    async send(_stream, _exchange, opening, _encoder, streaming) {
      const { response } = encoder
      opening.catch(() => {})
      const { answerRun } = await import('../runs/send-run.ts')
      try {
        await recorder.begin(response)
        // Others may have begun meanwhile.
        requireRoom()
      } catch (error) {
        encoder.error(toApiError(error))
        throw error
      }
      const json = request.stream ? undefined : () => jsonResponse(response)
      return answerRun(exchange, opening, encoder, streaming, { ...plan, json }, context, runs)
    },
  }
}

function requireBackground(
  { store }: ResponsesRequest,
  hasRuns: boolean,
  endsWithRequest: boolean,
): void {
  if (!hasRuns || endsWithRequest) {
    const reason = hasRuns
      ? 'this server ends all work of a request with its connection; leave background out.'
      : 'this server is composed without the part "streams", which lets work go on without its connection; leave background out.'
    throw badRequest(`background: expected false, got true: ${reason}`, 'background')
  }
  if (store === false) {
    const reason =
      'a response in the background is read from the store; leave store out, or background.'
    throw badRequest(`store: expected true where background is true, got false: ${reason}`, 'store')
  }
}
