import { defineEngine, type EngineDefinition } from '../../src/engines/custom/define-engine.ts'
import { createHandler, type Handler } from '../../src/handler.ts'
import type { HandlerOptions } from '../../src/options.ts'
import type { LogEntry } from '../../src/platform/log.ts'

/** A handler with engines that tests define, and its log entries. */
export interface Own {
  handler: Handler
  log: LogEntry[]
  /** Sends a request for model `m`, or the given body. */
  ask(path: string, body?: object, signal?: AbortSignal): Promise<Response>
}

export function handlerOf(
  definitions: (Partial<EngineDefinition> & Pick<EngineDefinition, 'chat'>)[],
  settings: HandlerOptions = {},
): Own {
  const log: LogEntry[] = []
  const engines = definitions.map((definition, index) =>
    defineEngine({ label: `own-${index + 1}`, models: ['m'], ...definition }),
  )
  const handler = createHandler({
    insecure: true,
    ...settings,
    engines,
    log: (entry) => log.push(entry),
  })
  return {
    handler,
    log,
    ask(path, body = {}, signal) {
      const defaults = { model: 'm', messages: [{ role: 'user', content: 'Hi' }], max_tokens: 99 }
      const headers = { 'content-type': 'application/json' }
      const asked = path === '/v1/chat/completions' || path === '/v1/messages' ? defaults : {}
      return handler.fetch(
        new Request(`http://localhost${path}`, {
          method: 'POST',
          headers,
          body: JSON.stringify({ model: 'm', ...asked, ...body }),
          ...(signal && { signal }),
        }),
      )
    },
  }
}

/** The JSON of a stream's events in order; events without JSON as text. */
export async function eventsOf(response: Response): Promise<unknown[]> {
  const frames = (await response.text()).split('\n\n').filter((frame) => frame !== '')
  return frames.flatMap((frame) => {
    const data = frame.split('\n').find((line) => line.startsWith('data: '))
    if (data === undefined) return []
    return data === 'data: [DONE]' ? ['[DONE]'] : [JSON.parse(data.slice(6)) as unknown]
  })
}

/** The error in an error response. */
export async function errorOf(response: Response): Promise<{ message: string; code: string }> {
  return ((await response.json()) as { error: { message: string; code: string } }).error
}
