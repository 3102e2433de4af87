/** A tab as an engine of the pool. */
import type { Engine, EngineCaller, Model } from '../engines/engine.ts'
import type { Port, RequestMessage } from '../engines/remote/protocol.ts'
import { createRemote } from '../engines/remote/remote.ts'
import type { ChatStream, WholeAnswer } from '../stream/chat-stream.ts'
import { answerCounts } from '../stream/text-stream.ts'
import { parseObject } from '../util/object.ts'
import { checkEmbeddings } from '../wire/contract/embeddings-answer.ts'
import type { EmbeddingRequest } from '../wire/embeddings/request.ts'
import { ApiError } from '../wire/errors/api-error.ts'
import { EngineErrors } from '../wire/errors/engine-errors.ts'
import { limitAnswer, mostChunks, toolChecker } from './limit-answer.ts'
import { requireOwnImages } from './own-images.ts'
import type { Tab } from './tab.ts'

/** How far others are preferred: to a hidden tab more than to a slow one, and to that more than to one on battery. */
const SET_BACK = { isLost: 1, hidden: 0.5, slow: 0.4, onBattery: 0.01 }

/** Tokens per second at which a tab is set back by half of what a slow one is. */
const USUAL_SPEED = 20

/** The most characters of a request: a tab's memory is small, and a prompt of that size takes it minutes. */
const MOST_REQUEST = 4 * 1024 * 1024

/** Creates the engine of a tab. `mayServe`: whether it answers a caller's requests. */
export function tabEngine(tab: Tab, mayServe: (caller: EngineCaller) => boolean): Engine {
  const label = labelOf(tab)
  /** The next request is sent for this caller. */
  let caller = ''
  const remote = createRemote({
    label,
    connect: async () => {
      if (tab.gone !== undefined) throw gone(label, tab.gone)
      return portOf(tab, () => caller)
    },
  })

  /** Asks for somebody, whose name goes with the request. */
  function asking<T>(name: string | undefined, ask: () => T): T {
    caller = name ?? ''
    return ask()
  }

  return {
    label,
    maxConcurrency: 1,
    isServer: true,
    isDiscovered: true,
    mayServe,
    get isGone() {
      return tab.gone !== undefined
    },
    onGone: (act) => tab.addEventListener('close', act),
    get setBack() {
      return (tab.isResponsive ? 0 : SET_BACK.isLost) + setBackOf(tab.state)
    },
    acceptsModel: (model) => modelsOf(tab).some(({ id }) => id === model),
    models: async () => modelsOf(tab),
    async chat(request, signal, options = {}): Promise<ChatStream> {
      requireOwnImages(request)
      requireShort(label, request)
      const stream = await asking(options.caller, () => remote.chat(request, signal, options))
      const check = toolChecker(request, tab)
      return limitAnswer(stream, tab, { most: mostChunks(request, request.n ?? 1), check })
    },
    async complete(request, signal, options = {}) {
      requireShort(label, request)
      const stream = await asking(options.caller, () => remote.complete(request, signal, options))
      return limitAnswer(stream, tab, { most: mostChunks(request, answerCounts(request).choices) })
    },
    async embed(request, signal, options = {}) {
      requireShort(label, request)
      const answer = await asking(options.caller, () => remote.embed(request, signal))
      return checkedEmbeddings(label, answer, request)
    },
  }
}

/** What is asked of a tab goes over its link as one message. */
function requireShort(label: string, request: object): void {
  const { length } = JSON.stringify(request)
  if (length <= MOST_REQUEST) return
  const message = `${label}: expected a request of at most ${MOST_REQUEST / 1024 / 1024} MiB, as a browser's tab answers it, got ${Math.ceil(length / 1024 / 1024)} MiB; send a shorter prompt or smaller images.`
  throw new ApiError(501, message, { code: 'model_not_capable' })
}

/** From 0 to 1. */
function setBackOf({ visible, charging, tokensPerSecond = USUAL_SPEED }: Tab['state']): number {
  const slow = SET_BACK.slow * (USUAL_SPEED / (USUAL_SPEED + tokensPerSecond))
  return (visible ? 0 : SET_BACK.hidden) + slow + (charging === false ? SET_BACK.onBattery : 0)
}

/** Throws an `ApiError` (502) for anything but the vectors that were asked for. */
function checkedEmbeddings(
  label: string,
  answer: WholeAnswer,
  request: EmbeddingRequest,
): WholeAnswer {
  const errors = new EngineErrors({ source: 'engine', label })
  const value = parseObject(answer.json)
  const { repaired, usage } = checkEmbeddings(value, request, errors)
  // Written anew from the fields that were checked.
  const { data, model } = value as { data: unknown; model?: unknown }
  const written = { object: 'list', data, model: typeof model === 'string' ? model : '', usage }
  return { kind: 'whole', json: JSON.stringify(written), repaired, ...(usage && { usage }) }
}

function labelOf({ name }: Pick<Tab, 'name'>): string {
  return `tab/${name}`
}

/** The models that a tab offers now. */
export function modelsOf(tab: Tab): Model[] {
  const { state, joinedAt, gone } = tab
  if (state.paused || gone !== undefined) return []
  return state.models.map(({ id, state: isLoaded, context_length }) => ({
    id,
    object: 'model',
    created: Math.floor(joinedAt / 1000),
    owned_by: labelOf(tab),
    loaded: isLoaded === 'loaded',
    ...(context_length !== undefined && { context_length }),
  }))
}

/** The tab's port, which tells the tab for whom a request is. */
function portOf(tab: Tab, caller: () => string): Port {
  return {
    postMessage: (message) => {
      const asked = message as RequestMessage
      tab.ask(asked, 'request' in asked ? caller() : undefined)
    },
    addEventListener: (type, listener) => tab.addEventListener(type, listener),
    removeEventListener: (type, listener) => tab.removeEventListener(type, listener),
  }
}

function gone(label: string, why: string): ApiError {
  const message = `The engine ${label} is gone: ${why}. Try again.`
  return new ApiError(503, message, { code: 'engine_lost', headers: { 'retry-after': '1' } })
}
