/** A tab as an engine of the pool. */
import type { Engine, EngineCaller, Model } from '../engines/engine.ts'
import type { Port, RequestMessage } from '../engines/remote/protocol.ts'
import { createRemote } from '../engines/remote/remote.ts'
import type { ChatStream } from '../stream/chat-stream.ts'
import { ApiError } from '../wire/errors/api-error.ts'
import { limitAnswer } from './limit-answer.ts'
import { requireOwnImages } from './own-images.ts'
import type { Tab } from './tab.ts'

/** What an engine that prefers others is set back by: a hidden tab more than one on battery. */
const SET_BACK = { hidden: 0.5, onBattery: 0.25 }

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

  /** Counts a request while it runs there. */
  async function counted<T extends object>(name: string | undefined, ask: () => Promise<T>) {
    tab.running++
    caller = name ?? ''
    try {
      return await ask()
    } finally {
      tab.running--
    }
  }

  return {
    label,
    address: `tab:${tab.id}`,
    maxConcurrency: 1,
    isServer: true,
    isDiscovered: true,
    mayServe,
    get setBack() {
      const { visible, charging } = tab.state
      return (visible ? 0 : SET_BACK.hidden) + (charging === false ? SET_BACK.onBattery : 0)
    },
    acceptsModel: (model) => modelsOf(tab).some(({ id }) => id === model),
    models: async () => modelsOf(tab),
    async chat(request, signal, options = {}): Promise<ChatStream> {
      requireOwnImages(request)
      const stream = await counted(options.caller, () => remote.chat(request, signal, options))
      return limitAnswer(stream, request, tab)
    },
    complete: (request, signal, options = {}) =>
      counted(options.caller, () => remote.complete(request, signal, options)),
    embed: (request, signal, options = {}) =>
      counted(options.caller, () => remote.embed(request, signal)),
  }
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
