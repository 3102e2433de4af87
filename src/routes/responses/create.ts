import { type TranslatedResponsesRequest, translate } from '../../dialects/responses/dialect.ts'
import { requireItemLimits } from '../../guard/size.ts'
import type { ResponseStore } from '../../state/response-store.ts'
import type { Exchange } from '../../stream/exchange.ts'
import { openStream, streamResponse } from '../../stream/sse-response.ts'
import { badRequest } from '../../wire/errors/api-error.ts'
import {
  parseResponsesRequest,
  type ResponseItem,
  type ResponseObject,
  type ResponsesRequest,
} from '../../wire/responses/request.ts'
import { chatAsker } from '../ask-chat.ts'
import { chatOf, converse } from '../conversation.ts'
import { type Answering, generate, type StreamAnswering } from '../generate.ts'
import { jsonResponse } from '../json.ts'
import type { RouteContext } from '../route.ts'
import type { Trace } from '../trace.ts'
import { contextOf } from './context.ts'

/** `POST /v1/responses` */
export const createResponse = generate(async (body, { trace, context }) => {
  const call = await readCall(body, trace, context)
  const { model, instructions, background } = call.request
  return {
    model,
    prompt: [instructions, call.input],
    // A response in the background goes on when its client disconnects.
    ...(background && { client: { signal: new AbortController().signal } }),
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
  const id = `resp_${crypto.randomUUID().replaceAll('-', '')}`
  const items = await contextOf(store, owner, request, id)
  const input = items.map(({ item }) => item)
  requireItemLimits({ input }, settings)
  const onChange = request.store === false ? undefined : storeChanges(trace, store, owner, input)
  const conversation = (exchange: Exchange) => {
    const telling = { usage: () => exchange.usage, onChange }
    return translate(request, items, id, telling, settings.maxTools)
  }
  return { request, input, owner, conversation }
}

/** Answers on the client's connection. A stream that the client leaves is stored as cancelled. */
function beginResponse(
  { request }: ResponseCall,
  conversation: TranslatedResponsesRequest,
  exchange: Exchange,
  trace: Trace,
): Answering {
  const send: StreamAnswering['send'] = async (...streaming) => {
    const response = await streamResponse(...streaming)
    void exchange.delivered?.then(() => {
      if (exchange.outcome?.kind === 'cancelled') conversation.encoder().cancel()
    })
    return response
  }
  return { ...converse(exchange, trace, conversation, request.stream), send }
}

/** Answers in the background: the client is told of the response at once, and may follow its events. */
async function beginRun(
  { request, owner }: ResponseCall,
  conversation: TranslatedResponsesRequest,
  exchange: Exchange,
  trace: Trace,
  { pool, responses: { runs }, settings }: RouteContext,
): Promise<Answering> {
  if (runs === undefined) throw new TypeError('nothing runs in the background here')
  await pool.requireModel(exchange, request.model)
  runs.requireRoom()
  const chat = { ...chatOf(conversation, trace), stream: true }
  const ask = chatAsker(exchange, chat, { asChunks: true })
  const encoder = conversation.encoder()
  return {
    open: (route, signal) => openStream(exchange, ask(route, signal), signal),
    encoder,
    async send(_exchange, opening, _encoder, streaming) {
      runs.start(owner, exchange, opening, encoder, streaming)
      const { response } = encoder
      if (!request.stream) return jsonResponse(response)
      return runs.follow(owner, response.id, 0, settings.clientTimeout)
    },
  }
}

/** A response is stored before a client learns its id. */
function storeChanges(
  { afterwards }: Trace,
  store: ResponseStore,
  owner: string,
  input: ResponseItem[],
) {
  return (response: ResponseObject) => {
    const isNew = response.status === 'in_progress' || response.status === 'queued'
    afterwards(() => store[isNew ? 'put' : 'update'](owner, { response, input }))
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
