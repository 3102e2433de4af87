import type { Fetch, FetchInit } from '../platform/fetch.ts'
import { masked } from './mask.ts'
import type { RecordedPacket, Recording, RecordingEnd } from './recording.ts'

export interface RecordOptions {
  fetch: Fetch
  url: string
  method?: 'GET' | 'OPTIONS' | 'POST'
  headers: Record<string, string>
  body?: string
  /** What recorded it. */
  by: string
  /** What must not be kept. */
  secrets?: readonly string[]
  /** Ends it; what came until then is kept. */
  signal: AbortSignal
  /** Told of every packet as it comes. */
  onPacket?: (packet: RecordedPacket) => void
  /** Bytes after which it has enough. */
  most?: number
}

const MOST = 256 * 1024 * 1024

/** Asks, and keeps what comes and when. Never rejects: how it failed is part of the recording. */
export async function record(options: RecordOptions): Promise<Recording> {
  const { url, headers, body, method = body === undefined ? 'GET' : 'POST' } = options
  const recording: Recording = {
    recordedAt: new Date().toISOString(),
    by: options.by,
    request: { method, url, headers, ...(body !== undefined && { body }) },
    packets: [],
    end: { at: 0, how: 'end' },
  }
  const startedAt = performance.now()
  const clock = () => performance.now() - startedAt
  const end = (how: RecordingEnd, why?: string) => {
    recording.end = { at: clock(), how, ...(why !== undefined && { why }) }
  }
  try {
    end(...(await keep(recording, { ...options, method }, clock)))
  } catch (error) {
    if (options.signal.aborted) end('stopped')
    else end('broken', reasonOf(error))
  }
  return masked(
    recording,
    (options.secrets ?? []).filter((secret) => secret.length > 3),
  )
}

async function keep(
  recording: Recording,
  { fetch, url, method, headers, body, signal, onPacket, most = MOST }: RecordOptions,
  clock: () => number,
): Promise<[RecordingEnd, string?]> {
  const init: FetchInit = {
    headers,
    signal,
    ...(method && { method }),
    ...(body !== undefined && { body }),
  }
  const response = await fetch(url, { ...init, redirect: 'manual' })
  const { status } = response
  recording.response = { at: clock(), status, headers: [...(response.headers.entries?.() ?? [])] }
  const reader = response.body?.getReader()
  let length = 0
  while (reader) {
    const { done, value } = await reader.read()
    if (done) break
    // Its bytes may be changed behind us, as a socket's are that are used again.
    const packet = { at: clock(), bytes: value.slice() }
    recording.packets.push(packet)
    onPacket?.(packet)
    length += value.length
    if (length < most) continue
    await reader.cancel().catch(() => {})
    return ['stopped', `after ${most} bytes`]
  }
  return ['end']
}

/** Why something failed, in the words of what failed underneath. */
export function reasonOf(error: unknown): string {
  const { cause } = error as { cause?: unknown }
  const told = error instanceof Error ? error.message : String(error)
  return cause instanceof Error ? `${told}: ${cause.message}` : told
}
