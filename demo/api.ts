/** Calls the API as any program would: with `fetch`, reading the events of the answer. */
import { signal } from '@preact/signals'
import type { Recording } from '../src/recording/recording.ts'
import { decodeText, EventScanner } from '../src/wire/sse/sse.ts'
import { persisted } from './persisted-signal.ts'

export interface Model {
  id: string
  owned_by: string
  kind?: string
  loaded?: boolean
  memory_mb?: number
  context_length?: number
  download_bytes?: number
  /** The URL of the weights' folder. */
  weights?: string
}

export interface Message {
  role: 'system' | 'user' | 'assistant'
  content: string
}

export interface ChatBody {
  model: string
  messages: Message[]
  stream: true
  stream_options: { include_usage: true }
  temperature?: number
  top_p?: number
  max_tokens?: number
}

/** The text of one event, and when it arrived. */
export interface Frame {
  /** Milliseconds since the request. */
  at: number
  text: string
}

/** The root of the API, in the page's folder. */
export const root = new URL('./v1', document.baseURI).href

/** The user's API key for the server behind the page; empty if there is none. */
export const key = persisted('sluice.key', '')

/** Whether that server needs a key, and did not accept this one. */
export const wantsKey = signal(false)

/** Whether its user is an admin of that server, by the key or by asking from the same machine. */
export const isServerAdmin = signal(false)

export function authorization(): Record<string, string> {
  return key.value === '' ? {} : { authorization: `Bearer ${key.value}` }
}

/** Finds out whether the server behind the page, if there is one, accepts the key. */
export async function checkKey(): Promise<void> {
  const health = new URL('./health', document.baseURI)
  const response = await fetch(health, { headers: authorization() }).catch(() => undefined)
  const type = response?.headers.get('content-type') ?? ''
  const body: unknown = type.includes('json') ? await response?.json().catch(() => null) : null
  const isSluice = typeof body === 'object' && body !== null && 'version' in body
  wantsKey.value = isSluice && !('models' in body)
  isServerAdmin.value = isSluice && 'engines' in body
}

export async function listModels(): Promise<Model[]> {
  const response = await fetch(`${root}/models`, { headers: authorization() })
  const type = response.headers.get('content-type') ?? ''
  if (!response.ok || !type.includes('json')) return []
  const { data } = (await response.json()) as { data: Model[] }
  return data
}

/** A request that the API refused, with the API's message. */
class Refused extends Error {}

/** A recording of a request without any answer yet. */
export function unanswered(body: ChatBody): Recording {
  return {
    recordedAt: new Date().toISOString(),
    by: 'the page',
    request: {
      method: 'POST',
      url: `${root}/chat/completions`,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    },
    packets: [],
    end: { at: 0, how: 'stopped' },
  }
}

/**
 * Streams the events of one answer, and adds its packets to the recording. Throws a `Refused` with the
 * API's message.
 */
export async function* streamChat(
  recording: Recording,
  signal: AbortSignal,
): AsyncGenerator<Frame, void, void> {
  const startedAt = performance.now()
  const { url, method, headers, body = '' } = recording.request
  const sent = { ...headers, ...authorization() }
  const response = await fetch(url, { method, headers: sent, body, signal })
  recording.response = {
    at: performance.now() - startedAt,
    status: response.status,
    headers: [...response.headers],
  }
  if (!response.ok || !response.body) throw new Refused(await reasonOf(response))
  const reader = (response.body as ReadableStream<Uint8Array<ArrayBuffer>>).getReader()
  const scanner = new EventScanner()
  const decoder = new TextDecoder()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      const at = performance.now() - startedAt
      if (done) {
        recording.end = { at, how: 'end' }
        return
      }
      recording.packets.push({ at, bytes: value })
      // Comments report the loading of a model. They belong to the event that follows, which may come
      // much later, so they are yielded at once.
      const text = decoder.decode(value, { stream: true })
      for (const line of text.split('\n').slice(0, -1)) {
        if (line.startsWith(': ')) yield { at, text: `${line}\n` }
      }
      scanner.push(value)
      while (scanner.next()) {
        const event = decodeText(scanner.buffer.subarray(scanner.start, scanner.end))
        yield { at, text: withoutComments(event) }
      }
    }
  } finally {
    await reader.cancel().catch(() => {})
  }
}

function withoutComments(event: string): string {
  const lines = event.split('\n')
  return lines.filter((line) => !line.startsWith(':')).join('\n')
}

/** The JSON that a frame carries; undefined for a comment and for `[DONE]`. */
export function payloadOf({ text }: Frame): Payload | undefined {
  const data = /^data: (.*)$/m.exec(text)?.[1]
  return data === undefined || data === '[DONE]' ? undefined : (JSON.parse(data) as Payload)
}

export interface Payload {
  choices?: { delta?: Delta; finish_reason?: string | null }[]
  usage?: { prompt_tokens: number; completion_tokens: number }
  error?: { message: string; code: string | null }
}

interface Delta {
  content?: string | null
  reasoning?: string | null
  reasoning_content?: string | null
}

async function reasonOf(response: Response): Promise<string> {
  const text = await response.text().catch(() => '')
  try {
    const { error } = JSON.parse(text) as Payload
    return error?.message ?? text
  } catch {
    return `Expected an error as JSON, got status ${response.status} ${response.statusText} without JSON; see the server's log.`
  }
}
