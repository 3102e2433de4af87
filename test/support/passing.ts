// Requests to the APIs that are forwarded, as clients send them.

import { SOUND } from './pass-through.ts'
import type { RecordedRequest } from './upstream.ts'

/** A body for each path that takes JSON. */
export const JSON_BODIES: Record<string, object> = {
  '/v1/rerank': { query: 'Water?', documents: ['Sand', 'Rain'] },
  '/v2/rerank': { query: 'Water?', documents: ['Sand', 'Rain'] },
  '/v1/reranking': { query: 'Water?', documents: ['Sand', 'Rain'] },
  '/rerank': { query: 'Water?', texts: ['Sand', 'Rain'] },
  '/v1/score': { text_1: 'Water', text_2: ['Rain'] },
  '/score': { text_1: 'Water', text_2: ['Rain'] },
  '/tokenize': { content: 'Water' },
  '/detokenize': { tokens: [1, 2, 3] },
  '/apply-template': { messages: [{ role: 'user', content: 'Water' }] },
  '/infill': { input_prefix: 'def add(a, b):', input_suffix: '' },
  '/v1/audio/speech': { input: 'Water', voice: 'alloy' },
  '/v1/images/generations': { prompt: 'Water' },
  '/v1/moderations': { input: 'Water' },
}

/** The paths that take a form with a file. */
export const FORM_PATHS = ['/v1/audio/transcriptions', '/v1/audio/translations']

export interface Sent {
  headers?: Record<string, string>
  signal?: AbortSignal
}

export function postJson(url: string, body: object | string, sent: Sent = {}): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    ...sent,
    headers: { 'content-type': 'application/json', ...sent.headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
}

export function postForm(
  url: string,
  fields: Record<string, string>,
  sent: Sent = {},
): Promise<Response> {
  const form = new FormData()
  for (const [name, value] of Object.entries(fields)) form.set(name, value)
  form.set('file', new Blob([SOUND], { type: 'audio/mpeg' }), 'water.mp3')
  return fetch(url, { method: 'POST', ...sent, body: form })
}

/** Requests to a path, the last one last. */
export function asked(requests: readonly RecordedRequest[], path: string): RecordedRequest[] {
  return requests.filter((request) => request.path.split('?')[0] === path)
}

/** The JSON of each event of a whole stream. */
export function eventsOf(text: string): unknown[] {
  const data = text.split('\n').filter((line) => line.startsWith('data: {'))
  return data.map((line) => JSON.parse(line.slice('data: '.length)))
}
