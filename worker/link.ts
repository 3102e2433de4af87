/**
 * Holds the link of a page to a server. It is a worker of its own: browsers slow down the timers of hidden
 * pages, and the engine's worker is busy with its GPU.
 */
import { bridge } from '../src/tabs/engine-bridge.ts'
import { Link } from '../src/tabs/link.ts'
import type { LinkPort } from '../src/tabs/link-port.ts'
import type { FromLink, ToLink } from './link-messages.ts'

/** The part of a dedicated worker's global scope used here. */
const scope = globalThis as unknown as {
  postMessage(message: FromLink): void
  addEventListener(type: 'message', listener: (event: MessageEvent<ToLink>) => void): void
}

let link: Link | undefined
/** Takes the port to the engine that the page was asked for. */
let takeEngine: (port: MessagePort) => void = () => {}

scope.addEventListener('message', ({ data }) => {
  if (data.kind === 'join') join(data)
  else if (data.kind === 'engine') takeEngine(data.port)
  else if (data.kind === 'state') link?.change(data.state, data.maxTokens)
  else link?.leave()
})

function join({ url, key, state, maxTokens }: Extract<ToLink, { kind: 'join' }>): void {
  link?.leave()
  link = new Link({
    ...{ url, key, state, maxTokens, serve },
    onStatus: (status) => scope.postMessage({ kind: 'status', status }),
    onRequest: (request) => scope.postMessage({ kind: 'request', request }),
    onAnswer: (answer) => scope.postMessage({ kind: 'answer', answer }),
  })
}

/** Serves the page's engine over a port. What is asked before the engine is there waits. */
function serve(port: LinkPort): () => void {
  const waiting: MessageEvent[] = []
  const wait = (event: MessageEvent) => waiting.push(event)
  let stop = () => port.removeEventListener('message', wait)
  port.addEventListener('message', wait)
  takeEngine = (engine) => {
    stop()
    stop = bridge(port, engine)
    for (const { data } of waiting.splice(0)) port.deliver(data)
  }
  scope.postMessage({ kind: 'engine-wanted' })
  return () => {
    takeEngine = (engine) => engine.close()
    stop()
  }
}
