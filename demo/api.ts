/** Calls the API as any program would: with `fetch`, reading the events of the answer. */
import { batch, signal } from '@preact/signals'
import type { Recording } from '../src/recording/recording.ts'
import type { ChunkDelta, Tool } from '../src/wire/chat/request.ts'
import { persisted } from './persisted-signal.ts'

export interface Model {
  id: string
  owned_by: string
  kind?: string
  loaded?: boolean
  memory_mb?: number
  context_length?: number
  /** The longest that can be chosen, the bytes of memory for each token, and one that did not fit. */
  max_context_length?: number
  context_bytes_per_token?: number
  context_reduced_from?: number
  /** Whether it calls tools. */
  tools?: boolean
  download_bytes?: number
  /** The URL of the weights' folder. */
  weights?: string
}

export interface Message {
  role: 'system' | 'user' | 'assistant' | 'tool'
  content: string
}

export type Part =
  | { type: 'text'; text: string }
  | { type: 'image_url'; image_url: { url: string } }

/** A message as the API takes it. */
export interface SentMessage {
  role: Message['role']
  content: string | Part[] | null
  tool_calls?: { id: string; type: 'function'; function: { name: string; arguments: string } }[]
  tool_call_id?: string
}

export interface ChatBody {
  model: string
  messages: SentMessage[]
  stream: true
  stream_options: { include_usage: true }
  temperature?: number
  top_p?: number
  max_tokens?: number
  reasoning_effort?: string
  tools?: Tool[]
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

/** Whether a sluice server is behind the page, which may store the events of its answers. */
export const hasServer = signal(false)

/** Whether it has been asked: until then none of these is known. */
export const isChecked = signal(false)

/** A model that the server serves, and whether an engine could answer for it now. */
export interface ServedModel {
  id: string
  ready: boolean
  loaded?: boolean
}

/** The models of the server that its user may use; undefined where it does not say. */
export const served = signal<readonly ServedModel[] | undefined>(undefined)

/** Whether its user is an admin of that server, by the key or by asking from the same machine. */
export const isServerAdmin = signal(false)

export function authorization(): Record<string, string> {
  return key.value === '' ? {} : { authorization: `Bearer ${key.value}` }
}

/**
 * Whether the server of the page may be a sluice, which numbers its answers. A browser would log it as an error of
 * the page that a server of mere files has no `health`.
 */
export async function mayHaveServer(): Promise<boolean> {
  const response = await fetch(document.baseURI, { method: 'HEAD' }).catch(() => undefined)
  return response?.headers.has('x-request-id') ?? false
}

/** Finds out whether the server behind the page, if there is one, accepts the key. */
export async function checkKey(): Promise<void> {
  const health = new URL('./health', document.baseURI)
  const response = await fetch(health, { headers: authorization() }).catch(() => undefined)
  const type = response?.headers.get('content-type') ?? ''
  const body: unknown = type.includes('json') ? await response?.json().catch(() => null) : null
  const isSluice = typeof body === 'object' && body !== null && 'version' in body
  batch(() => {
    isChecked.value = true
    hasServer.value = isSluice
    wantsKey.value = isSluice && !('models' in body)
    isServerAdmin.value = isSluice && 'engines' in body
    served.value = isSluice && 'models' in body ? servedModels(body.models) : undefined
  })
}

/** An older sluice tells only how many there are. */
function servedModels(models: unknown): ServedModel[] | undefined {
  return Array.isArray(models) ? (models as ServedModel[]) : undefined
}

export async function listModels(): Promise<Model[]> {
  const response = await fetch(`${root}/models`, { headers: authorization() })
  const type = response.headers.get('content-type') ?? ''
  if (!response.ok || !type.includes('json')) return []
  const { data } = (await response.json()) as { data: Model[] }
  return data
}

/**
 * A recording of a request without any answer yet. `isResumable`: the server behind the page answers it, past
 * the service worker, and stores the events for as long as the answer takes.
 */
export function unanswered(body: ChatBody, isResumable: boolean): Recording {
  const resumable = { 'sluice-direct': '1', 'x-sluice-resume': '1' }
  return {
    recordedAt: new Date().toISOString(),
    by: 'the page',
    request: {
      method: 'POST',
      url: `${root}/chat/completions`,
      headers: { 'content-type': 'application/json', ...(isResumable && resumable) },
      body: JSON.stringify(body),
    },
    packets: [],
    end: { at: 0, how: 'stopped' },
  }
}

/** The JSON that a frame carries; undefined for a comment and for `[DONE]`. */
export function payloadOf({ text }: Frame): Payload | undefined {
  const data = /^data: (.*)$/m.exec(text)?.[1]
  return data === undefined || data === '[DONE]' ? undefined : (JSON.parse(data) as Payload)
}

export interface Payload {
  choices?: { delta?: ChunkDelta; finish_reason?: string | null }[]
  usage?: { prompt_tokens: number; completion_tokens: number }
  error?: ApiFailure
}

/** An error of the API. */
export interface ApiFailure {
  message: string
  code?: string | null
  /** A page that says more of it. */
  doc_url?: string
}
