/** Any server that speaks the OpenAI API, as an engine. */
import type { ChatStream } from '../stream/chat-stream.ts'
import { readChunks, readFrames } from '../stream/read.ts'
import type { ChatCompletion, ChatRequest } from '../wire/chat.ts'
import { judgeCompletion } from '../wire/completion-contract.ts'
import { ChatContract } from '../wire/contract.ts'
import { ApiError } from '../wire/errors.ts'
import { HOP_HEADER } from '../wire/hop.ts'
import type { Engine, Model } from './engine.ts'
import { readJson, readText, refusal } from './upstream-body.ts'

export interface UpstreamOptions {
  /** The API's root, without a slash at its end: `http://127.0.0.1:11434/v1`. */
  url: string
  label: string
  key?: string | undefined
  /** A `[DONE]` before the finish counts as `stop`. */
  lenient: boolean
  /** The one name reasoning is given; undefined leaves it as it comes. */
  reasoning?: 'reasoning' | 'reasoning_content' | undefined
  fetch: typeof fetch
}

/** The upstream's response headers a client may see. */
const FORWARDED = ['openai-processing-ms', 'openai-version', 'retry-after']

export function createUpstream(options: UpstreamOptions): Engine {
  const { label } = options
  /** Some servers refuse `stream_options`; they are not asked for usage a second time. */
  let refusesUsage = false

  async function models(signal: AbortSignal): Promise<Model[]> {
    const response = await send('/models', { signal })
    if (!response.ok) throw await refusal(response, label)
    const body = (await readJson(response, label)) as { data?: unknown } | null
    if (!Array.isArray(body?.data)) {
      throw new ApiError(
        502,
        `${label} answered /models with something else than a list of models.`,
        {
          code: 'upstream_invalid',
        },
      )
    }
    return body.data.filter(isModel)
  }

  async function chat(request: ChatRequest, signal: AbortSignal): Promise<ChatStream> {
    // Its own controller: a stream the contract ends is let go without the client having left.
    const control = new AbortController()
    const abort = () => control.abort(signal.reason)
    signal.addEventListener('abort', abort, { once: true })
    if (signal.aborted) abort()
    const response = await ask(request, control.signal)
    try {
      const stream = await read(response, request, control)
      return { ...stream, headers: forwarded(response) }
    } catch (error) {
      control.abort(error)
      throw error
    }
  }

  /** Asks for usage too; a server that refuses that with 400 is asked once more without. */
  async function ask(request: ChatRequest, signal: AbortSignal): Promise<Response> {
    const asksItself = Boolean(request.stream_options?.include_usage)
    const add = request.stream === true && !asksItself && !refusesUsage
    if (add) {
      const stream_options = { ...request.stream_options, include_usage: true }
      const response = await post({ ...request, stream_options }, signal)
      if (response.status !== 400) return accepted(response)
      await response.body?.cancel().catch(() => {})
    }
    const response = await accepted(await post(request, signal))
    refusesUsage ||= add
    return response
  }

  async function accepted(response: Response): Promise<Response> {
    if (!response.ok) throw await refusal(response, label)
    return response
  }

  function post(request: ChatRequest, signal: AbortSignal): Promise<Response> {
    return send('/chat/completions', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(request),
      signal,
    })
  }

  async function send(path: string, init: RequestInit): Promise<Response> {
    const headers: Record<string, string> = {
      accept: 'application/json, text/event-stream',
      [HOP_HEADER]: '1',
      ...(init.headers as Record<string, string> | undefined),
    }
    if (options.key) headers.authorization = `Bearer ${options.key}`
    try {
      // A redirect would carry the key and the conversation to an address nobody named.
      return await options.fetch(options.url + path, { ...init, headers, redirect: 'manual' })
    } catch (cause) {
      if (init.signal?.aborted) throw init.signal.reason
      const message = `${label} can't be reached: is it running, and is its address right?`
      throw new ApiError(502, message, { code: 'upstream_unreachable', cause })
    }
  }

  async function read(
    response: Response,
    request: ChatRequest,
    control: AbortController,
  ): Promise<ChatStream> {
    const type = essence(response)
    const contract = new ChatContract({
      label,
      usage: request.stream ? Boolean(request.stream_options?.include_usage) : true,
      usageRequested: request.stream === true && !refusesUsage,
      lenient: options.lenient,
      reasoning: options.reasoning,
    })
    const { body } = response
    const isStream = type === 'text/event-stream' || (type === '' && request.stream === true)
    if (!isStream || body === null) return readWhole(response, type, request, contract)
    if (request.stream)
      return { kind: 'frames', contract, items: readFrames(body, contract, control) }
    contract.mended.add('stream')
    return { kind: 'chunks', contract, items: readChunks(body, contract, control) }
  }

  async function readWhole(
    response: Response,
    type: string,
    request: ChatRequest,
    contract: ChatContract,
  ): Promise<ChatStream> {
    if (!/^application\/(.+\+)?json$/.test(type)) {
      const came = type === '' ? 'an empty answer' : type
      throw contract.invalid(
        `answered with ${came} instead of ${request.stream ? 'a stream' : 'JSON'}`,
      )
    }
    const json = await readText(response, label)
    let value: unknown
    try {
      value = JSON.parse(json)
    } catch (cause) {
      throw contract.invalid('sent an answer that is not JSON', cause)
    }
    const mended = judgeCompletion(value, contract)
    if (request.stream) throw contract.invalid('answered with JSON instead of a stream')
    const { model, usage } = value as ChatCompletion
    const text = mended.length > 0 ? JSON.stringify(value) : json
    return { kind: 'whole', json: text, model, ...(usage && { usage }), mended }
  }

  return { label, models, chat }
}

function essence(response: Response): string {
  const type = response.headers.get('content-type') ?? ''
  return (type.split(';')[0] as string).trim().toLowerCase()
}

function forwarded(response: Response): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const name of FORWARDED) {
    const value = response.headers.get(name)
    if (value !== null) headers[name] = value
  }
  return headers
}

function isModel(value: unknown): value is Model {
  return typeof value === 'object' && value !== null && typeof (value as Model).id === 'string'
}
