import { type TranslatedResponsesRequest, translate } from '../../dialects/responses/dialect.ts'
import { requireItemLimits } from '../../guard/size.ts'
import type { ResponseStore } from '../../state/response-store.ts'
import type { AnyContract } from '../../stream/chat-stream.ts'
import type { Exchange } from '../../stream/exchange.ts'
import { jsonAnswerResponse } from '../../stream/json-answer.ts'
import { openStream, streamResponse } from '../../stream/sse-response.ts'
import { unawaited } from '../../util/background.ts'
import { badRequest, toApiError } from '../../wire/errors/api-error.ts'
import {
  parseResponsesRequest,
  type ResponseItem,
  type ResponseObject,
  type ResponsesRequest,
} from '../../wire/responses/request.ts'
import { chatAsker } from '../ask-chat.ts'
import type { ChatRouteOptions } from '../chat.ts'
import { asker, chatOf } from '../conversation.ts'
import { beginExchange, readBody } from '../exchange.ts'
import { jsonResponse } from '../json.ts'
import type { Trace } from '../trace.ts'
import type { Runs } from './background.ts'
import { contextOf } from './context.ts'

export interface ResponsesRouteOptions extends ChatRouteOptions {
  store: ResponseStore
  /** Where responses run in the background; undefined where none can. */
  runs: Runs | undefined
}

/** One request, ready to be asked. */
interface Asked {
  request: ResponsesRequest
  /** All that it is asked with. */
  input: ResponseItem[]
  owner: string
  conversation(exchange: Exchange): TranslatedResponsesRequest
}

/** `POST /v1/responses`. Rejects with an `ApiError`, or with why the exchange ended. */
export function responsesRoute({ engines, store, runs, ...context }: ResponsesRouteOptions) {
  const { settings, frameWriter } = context

  /** At once, whatever an engine will say of it. */
  async function run(
    { request, owner }: Asked,
    conversation: TranslatedResponsesRequest,
    exchange: Exchange,
    trace: Trace,
  ) {
    if (runs === undefined) throw new TypeError('nothing runs in the background here')
    await engines.requireModel(exchange, request.model)
    runs.requireRoom()
    const chat = { ...chatOf(conversation, trace), stream: true }
    const ask = chatAsker(exchange, chat, { asChunks: true })
    exchange.isStream = true
    const opening = engines.answer(exchange, chat.model, (route, signal) =>
      openStream(exchange, ask(route, signal), signal),
    )
    const encoder = conversation.encoder()
    runs.start(owner, exchange, opening, encoder, { ...settings, frameWriter })
    const { response } = encoder
    if (!request.stream) return jsonResponse(response)
    return runs.follow(owner, response.id, 0, settings.clientTimeout)
  }

  async function answer(asked: Asked, exchange: Exchange, trace: Trace): Promise<Response> {
    const { request } = asked
    const conversation = asked.conversation(exchange)
    if (request.background) return run(asked, conversation, exchange, trace)
    const ask = asker(exchange, trace, conversation)
    if (!request.stream) {
      return jsonAnswerResponse(exchange, engines.answer(exchange, request.model, ask.whole))
    }
    const opening = engines.answer(exchange, request.model, ask.stream)
    const encoder = conversation.encoder()
    const pipes = { ...settings, frameWriter }
    const response = await streamResponse<AnyContract>(exchange, opening, encoder, pipes)
    void exchange.delivered?.then(() => {
      if (exchange.outcome?.kind === 'cancelled') encoder.cancel()
    })
    return response
  }

  return async (request: Request, trace: Trace): Promise<Response> => {
    const asked = await read(request, trace, { settings, store, runs })
    const use = { prompt: [asked.request.instructions, asked.input] }
    // A hang-up is nothing to a response that runs in the background.
    const client = asked.request.background ? { signal: new AbortController().signal } : request
    const exchange = await beginExchange(context, client, trace, use)
    try {
      return await answer(asked, exchange, trace)
    } catch (error) {
      exchange.fail(toApiError(error))
      throw error
    }
  }
}

type Reading = Pick<ResponsesRouteOptions, 'settings' | 'store' | 'runs'>

async function read(
  request: Request,
  trace: Trace,
  { settings, store, runs }: Reading,
): Promise<Asked> {
  const body = await readBody(request, trace, settings)
  requireItemLimits(body, settings)
  const asked = parseResponsesRequest(body)
  if (asked.background) requireBackground(asked, runs)
  const owner = trace.caller?.name ?? ''
  const id = `resp_${crypto.randomUUID().replaceAll('-', '')}`
  const items = await contextOf(store, owner, asked, id)
  const input = items.map(({ item }) => item)
  requireItemLimits({ input }, settings)
  const onChange = asked.store === false ? undefined : keeper(store, owner, input)
  const conversation = (exchange: Exchange) => {
    const telling = { usage: () => exchange.usage, onChange }
    return translate(asked, items, id, telling, settings.maxTools)
  }
  return { request: asked, input, owner, conversation }
}

/** A response is kept from the moment in which a client learns its id. */
function keeper(store: ResponseStore, owner: string, input: ResponseItem[]) {
  return (response: ResponseObject) => {
    const isNew = response.status === 'in_progress' || response.status === 'queued'
    unawaited(() => store[isNew ? 'put' : 'update'](owner, { response, input }))
  }
}

function requireBackground({ store }: ResponsesRequest, runs: Runs | undefined): void {
  if (runs === undefined) {
    const reason = 'here nothing runs on that no connection waits for.'
    throw badRequest(`background: expected false: ${reason}`, 'background')
  }
  if (store === false) {
    const reason = 'a response that nobody waits for has to be kept.'
    throw badRequest(`store: expected true where background is true: ${reason}`, 'store')
  }
}
