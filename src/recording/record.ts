import type { Fetch, FetchInit } from '../platform/fetch.ts'
import { masked } from './mask.ts'
import type { RecordedPacket, Recording, RecordingEnd } from './recording.ts'

export interface RecordOptions {
  fetch: Fetch
  url: string
  method?: 'GET' | 'OPTIONS' | 'POST'
  headers: Record<string, string>
  body?: string
  /** The recording program: `sluice 0.1.0 on bun 1.4.5`. */
  by: string
  /** Texts to mask. */
  secrets?: readonly string[]
  /** Ends the recording; packets that came before are kept. */
  signal: AbortSignal
  /** Called with every packet as it arrives. */
  onPacket?: (packet: RecordedPacket) => void
  /** The most bytes of the body; the recording stops after them. */
  maxBytes?: number
}

const MAX_BYTES = 256 * 1024 * 1024

/** Sends a request and records the packets of the answer with their times. Never rejects: a failure is part of the recording. */
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
    end(...(await receive(recording, { ...options, method }, clock)))
  } catch (error) {
    if (options.signal.aborted) end('stopped')
    else end('broken', reasonOf(error))
  }
  return masked(
    recording,
    (options.secrets ?? []).filter((secret) => secret.length > 3),
  )
}

async function receive(
  recording: Recording,
  { fetch, url, method, headers, body, signal, onPacket, maxBytes = MAX_BYTES }: RecordOptions,
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
    // A copy, because sluice's own HTTP client reuses the buffer of its socket.
    const packet = { at: clock(), bytes: value.slice() }
    recording.packets.push(packet)
    onPacket?.(packet)
    length += value.length
    if (length < maxBytes) continue
    await reader.cancel().catch(() => {})
    return ['stopped', `after ${maxBytes} bytes`]
  }
  return ['end']
}

/** The message of an error, with that of its cause. */
export function reasonOf(error: unknown): string {
  const { cause } = error as { cause?: unknown }
  const told = error instanceof Error ? error.message : String(error)
  return cause instanceof Error ? `${told}: ${cause.message}` : told
}
