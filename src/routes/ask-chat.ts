import type { CallOptions, ChatOptions, LoadProgress } from '../engines/engine.ts'
import type { Route } from '../engines/registry/router.ts'
import type { ChatStream } from '../stream/chat-stream.ts'
import type { Exchange } from '../stream/exchange.ts'
import type { ChatRequest } from '../wire/chat/request.ts'

/** Asks the engine that the pool picks for a chat. */
export function chatAsker(
  exchange: Exchange,
  asked: ChatRequest,
  options: Pick<ChatOptions, 'asChunks' | 'optionalFields' | 'identity'> = {},
): (route: Route, signal: AbortSignal) => Promise<ChatStream> {
  return ({ engine, model }, signal) => {
    return engine.chat(
      model === asked.model ? asked : { ...asked, model },
      signal,
      Object.assign(callOptionsOf(exchange), options, { onProgress: progressOf(exchange) }),
    )
  }
}

/** What an engine is told with every call. */
export function callOptionsOf(exchange: Exchange): CallOptions {
  const { hops, trace, caller, isBackground, inSteps } = exchange
  const onStart: CallOptions['onStart'] = (progress) => showStart(exchange, progress)
  return { hops, trace, caller, isBackground, inSteps, onStart, tapped: exchange }
}

/** The start of an engine's server has a limit of its own. */
function showStart(exchange: Exchange, progress: LoadProgress | undefined): void {
  const now = performance.now()
  if (progress === undefined) exchange.endLoading(now)
  else exchange.showLoading(progress.text, now, false)
}

/** Reports to an exchange how far its model has been loaded. */
export function progressOf(exchange: Exchange): (progress: LoadProgress) => void {
  return ({ model, done }) => {
    const percent = done === undefined ? '' : ` ${Math.floor(done * 100)} %`
    exchange.progress = `loading ${model}${percent}`
  }
}
