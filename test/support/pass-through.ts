// The APIs that sluice only forwards, as the scripted upstream answers them.

import type { Script } from './script.ts'
import type { RecordedRequest } from './upstream.ts'

/** Bytes that are neither UTF-8 nor short: what a sound consists of. */
export const SOUND = Buffer.from(Array.from({ length: 3_000 }, (_, at) => (at * 37) % 256))

/** One piece of that sound for each event. */
const deltas = [SOUND.subarray(0, 1_000), SOUND.subarray(1_000)]

/** What each path answers, unless the request brings a script: in its JSON, or in a field of its form. */
const answers: Record<string, (body: Record<string, unknown>) => Script> = {
  '/v1/rerank': rerank,
  '/v2/rerank': rerank,
  '/rerank': rerank,
  '/v1/reranking': rerank,
  '/v1/score': () => json({ object: 'list', data: [{ index: 0, score: 0.5 }], usage: used(7) }),
  '/score': () => json({ object: 'list', data: [{ index: 0, score: 0.5 }] }),
  '/tokenize': () => json({ tokens: [1, 2, 3] }),
  '/detokenize': () => json({ content: 'Water' }),
  '/apply-template': () => json({ prompt: '<s>Water' }),
  '/infill': infill,
  '/v1/audio/transcriptions': hear,
  '/v1/audio/translations': hear,
  '/v1/audio/speech': speak,
  '/v1/images/generations': draw,
  '/v1/moderations': () =>
    json({ id: 'modr-1', model: 'm', results: [{ flagged: false, categories: {} }] }),
  '/props': () => json({ model_path: '/models/m.gguf', total_slots: 1 }),
  '/slots': () => json([{ id: 0, is_processing: false }]),
  '/api/pull': () => lines({ status: 'pulling manifest' }, { status: 'success' }),
  '/api/push': () => lines({ status: 'pushing manifest' }, { status: 'success' }),
  '/api/create': () => lines({ status: 'reading model metadata' }, { status: 'success' }),
  '/api/copy': () => nothing,
  '/api/delete': () => nothing,
}

/** Every path that it can answer. */
export const PASS_PATHS = Object.keys(answers)

export function passScript({ method, body, bytes }: RecordedRequest, path: string): Script {
  const isJson = typeof body === 'object' && body !== null
  const fields = isJson ? (body as Record<string, unknown>) : formFields(bytes)
  const { script } = fields
  if (script !== undefined) {
    const given = (typeof script === 'string' ? JSON.parse(script) : script) as Script
    return { ...given, headers: { 'content-type': 'application/json', ...given.headers } }
  }
  if (path.startsWith('/api/blobs/')) return { ...nothing, status: method === 'HEAD' ? 200 : 201 }
  const answer = answers[path]
  if (answer === undefined) throw new TypeError(`No answer is written for ${path}.`)
  return answer(fields)
}

/** As a handler in Go that writes nothing: it has no content type. */
const nothing: Script = { headers: { 'content-type': '', 'content-length': '0' }, steps: [] }

/** The texts of a form, read by another rule than sluice's: by what is between its boundaries. */
function formFields(bytes: Buffer): Record<string, string> {
  const text = bytes.toString('latin1')
  const boundary = text.slice(0, text.indexOf('\r\n'))
  if (!boundary.startsWith('--')) return {}
  const parts = text.split(boundary).slice(1, -1)
  const named = parts.map((part) => {
    const [, name = ''] = /name="([^"]*)"/.exec(part) ?? []
    return [name, part.slice(part.indexOf('\r\n\r\n') + 4, -2)] as const
  })
  return Object.fromEntries(named)
}

function rerank(): Script {
  const results = [
    { index: 1, relevance_score: 0.75 },
    { index: 0, relevance_score: 0.25 },
  ]
  return json({ model: 'm', results, usage: used(12) })
}

function infill({ stream }: Record<string, unknown>): Script {
  const last = { content: '', stop: true, tokens_predicted: 2, tokens_evaluated: 9 }
  if (stream !== true) return json({ ...last, content: 'a + b' })
  return events({ content: 'a ', stop: false }, { content: '+ b', stop: false }, last)
}

function hear({ stream, response_format: format }: Record<string, unknown>): Script {
  const text = 'Water finds its way.'
  const usage = { type: 'tokens', input_tokens: 14, output_tokens: 6, total_tokens: 20 }
  if (stream === 'true') {
    return events(
      { type: 'transcript.text.delta', delta: 'Water ' },
      { type: 'transcript.text.delta', delta: 'finds its way.' },
      { type: 'transcript.text.done', text, usage },
    )
  }
  if (format !== 'text') return json({ text, usage })
  return { headers: { 'content-type': 'text/plain; charset=utf-8' }, steps: [{ send: text }] }
}

function speak({ stream_format: format }: Record<string, unknown>): Script {
  if (format !== 'sse') {
    const steps = deltas.map((delta) => ({ base64: delta.toString('base64') }))
    return { headers: { 'content-type': 'audio/mpeg' }, steps }
  }
  const usage = { input_tokens: 4, output_tokens: 30, total_tokens: 34 }
  return events(
    ...deltas.map((delta) => ({ type: 'speech.audio.delta', audio: delta.toString('base64') })),
    { type: 'speech.audio.done', usage },
  )
}

function draw({ stream }: Record<string, unknown>): Script {
  const b64_json = SOUND.toString('base64')
  const usage = { input_tokens: 5, output_tokens: 272, total_tokens: 277 }
  if (stream !== true) return json({ created: 1, data: [{ b64_json }], usage })
  return events(
    { type: 'image_generation.partial_image', b64_json, partial_image_index: 0 },
    { type: 'image_generation.completed', b64_json, usage },
  )
}

function used(tokens: number) {
  return { prompt_tokens: tokens, total_tokens: tokens }
}

function json(body: unknown): Script {
  const headers = { 'content-type': 'application/json' }
  return { headers, steps: [{ send: JSON.stringify(body) }] }
}

function events(...all: object[]): Script {
  const headers = { 'content-type': 'text/event-stream' }
  const named = all.map((event) => {
    const type = (event as { type?: string }).type
    return { send: `${type ? `event: ${type}\n` : ''}data: ${JSON.stringify(event)}\n\n` }
  })
  return { headers, steps: named }
}

function lines(...all: object[]): Script {
  const headers = { 'content-type': 'application/x-ndjson' }
  return { headers, steps: all.map((line) => ({ send: `${JSON.stringify(line)}\n` })) }
}
