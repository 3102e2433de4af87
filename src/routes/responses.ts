import { type ResponsesConversation, readConversation } from '../dialects/responses.ts'
import type { Pool } from '../engines/pool.ts'
import { readJsonBody } from '../guard/body.ts'
import { requireFew } from '../guard/size.ts'
import { contextOf } from '../responses/context.ts'
import type { Runs } from '../responses/runs.ts'
import type { ResponseStore } from '../responses/store.ts'
import type { Exchange } from '../stream/exchange.ts'
import { transformPipe } from '../stream/pipe.ts'
import { openStream, streamResponse } from '../stream/response.ts'
import { readWhole, wholeResponse } from '../stream/whole.ts'
import type { Trace } from '../trace.ts'
import type { ChatCompletion } from '../wire/chat.ts'
import { badRequest, toApiError } from '../wire/errors.ts'
import {
  parseResponsesRequest,
  type ResponseItem,
  type ResponseObject,
  type ResponsesRequest,
} from '../wire/responses.ts'
import { chatAsker } from './ask-chat.ts'
import { beginExchange, type ExchangeContext } from './exchange.ts'
import { jsonResponse } from './json.ts'

export interface ResponsesRouteOptions extends ExchangeContext {
  engines: Pool
  store: ResponseStore
  /** Where responses run in the background; undefined where a request may not wake another. */
  runs: Runs | undefined
}

/** One request, ready to be asked. */
interface Asked extends ResponsesConversation {
  request: ResponsesRequest
  /** All that it is asked with. */
  input: ResponseItem[]
  id: string
  owner: string
}

/** `POST /v1/responses`. Rejects with an `ApiError`, or with why the exchange ended. */
export function responsesRoute({ engines, store, runs, ...context }: ResponsesRouteOptions) {
  const settings = { ...context.settings, framePipe: transformPipe }

  async function read(request: Request, trace: Trace): Promise<Asked> {
    const body = await readJsonBody(request, settings.maxBody, settings.bodyTimeout)
    requireFew(body, settings)
    const asked = parseResponsesRequest(body)
    if (asked.background) requireBackground(asked, runs)
    const owner = trace.caller?.name ?? ''
    const id = `resp_${crypto.randomUUID().replaceAll('-', '')}`
    const items = await contextOf(store, owner, asked, id)
    const input = items.map(({ item }) => item)
    requireFew({ input }, settings)
    return { ...readConversation(asked, items, id), request: asked, input, id, owner }
  }

  async function answer(asked: Asked, exchange: Exchange, trace: Trace): Promise<Response> {
    const { request, owner, id } = asked
    const encoder = asked.encoder(() => exchange.usage, keeper(asked, store))
    const chat = request.background ? { ...asked.chat, stream: true } : asked.chat
    const ask = chatAsker(exchange, trace, chat, { asChunks: true })
    if (!chat.stream) {
      const whole = engines.answer(exchange, chat.model, (route, signal) =>
        readWhole(exchange, ask(route, signal), signal),
      )
      const told = whole.then(({ json, headers }) => {
        const response = encoder.whole(JSON.parse(json) as ChatCompletion)
        return { json: JSON.stringify(response), headers }
      })
      return wholeResponse(exchange, told)
    }
    // Before an engine is picked: that it may take long is no reason to give up another.
    exchange.isStream = true
    const opening = engines.answer(exchange, chat.model, (route, signal) =>
      openStream(exchange, ask(route, signal), signal),
    )
    if (request.background && runs) {
      runs.start(owner, exchange, opening, encoder)
      return request.stream ? runs.follow(owner, id, 0) : jsonResponse(encoder.response)
    }
    const response = await streamResponse(exchange, opening, encoder, settings)
    void exchange.delivered?.then(() => {
      if (exchange.outcome?.kind === 'cancelled') encoder.cancel()
    })
    return response
  }

  return async (request: Request, trace: Trace): Promise<Response> => {
    const asked = await read(request, trace)
    const use = { model: asked.chat.model, prompt: asked.chat.messages }
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

/** A response is kept from the moment in which a client learns its id. */
function keeper({ request, input, owner }: Asked, store: ResponseStore) {
  if (request.store === false) return undefined
  return (response: ResponseObject) => {
    const isNew = response.status === 'in_progress' || response.status === 'queued'
    void store[isNew ? 'put' : 'update'](owner, { response, input })
  }
}

function requireBackground({ store }: ResponsesRequest, runs: Runs | undefined): void {
  if (runs === undefined) {
    const reason = 'here no request can wait for what another one asked of an engine.'
    throw badRequest(`background: expected false: ${reason}`, 'background')
  }
  if (store === false) {
    const reason = 'a response that nobody waits for has to be kept.'
    throw badRequest(`store: expected true where background is true: ${reason}`, 'store')
  }
  runs.requireRoom()
}
