/** Joins the port of a link to that of the engine's worker, which lives in the same browser. */
import { onLockReleased } from '../engines/remote/liveness-lock.ts'
import {
  type Port,
  packError,
  type ReplyMessage,
  type RequestMessage,
  type WireError,
} from '../engines/remote/protocol.ts'
import { ApiError } from '../wire/errors/api-error.ts'

/** A `MessagePort`, which is closed with the bridge. */
export interface EnginePort extends Port {
  close(): void
}

/**
 * Carries requests to the engine and its answers back. When the engine's worker ends, what it was asked
 * fails; when the returned function is called, what it was asked is cancelled.
 */
export function bridge(link: Port, engine: EnginePort): () => void {
  /** The requests that the engine has not answered to the end. */
  const open = new Set<number>()
  const ended = new AbortController()

  function onAsked({ data }: MessageEvent): void {
    const message = data as RequestMessage
    if ('id' in message && message.kind !== 'credit' && message.kind !== 'cancel') {
      open.add(message.id)
    }
    engine.postMessage(message)
  }

  function onAnswered({ data }: MessageEvent): void {
    const message = data as ReplyMessage
    if (message.kind === 'here') {
      onLockReleased(message.life, ended.signal, fail)
      return
    }
    if (message.kind === 'done' || message.kind === 'error') open.delete(message.id)
    link.postMessage(message)
  }

  function fail(): void {
    const error = engineEnded()
    for (const id of open) link.postMessage({ kind: 'error', id, error } satisfies ReplyMessage)
    open.clear()
  }

  function stop(): void {
    if (ended.signal.aborted) return
    ended.abort()
    link.removeEventListener('message', onAsked)
    engine.removeEventListener('message', onAnswered)
    for (const id of open) engine.postMessage({ kind: 'cancel', id } satisfies RequestMessage)
    engine.close()
  }

  link.addEventListener('message', onAsked)
  link.addEventListener('close', stop)
  engine.addEventListener('message', onAnswered)
  engine.start?.()
  return stop
}

function engineEnded(): WireError {
  const message =
    'The engine of this browser has ended: its page was closed, or the browser stopped it. Try again.'
  return packError(
    new ApiError(503, message, { code: 'engine_lost', headers: { 'retry-after': '1' } }),
  )
}
