/** A handler with one engine of its own and one upstream in this process, both of which record. */

import { defineEngine } from '../../../src/engines/custom/define-engine.ts'
import { createHostedHandler } from '../../../src/handler.ts'
import type { LogEntry } from '../../../src/platform/log.ts'
import { completionScript } from '../../support/completions.ts'
import {
  chunk,
  DONE,
  finish,
  ROLE,
  text,
  USAGE,
  USAGE_CHUNK,
} from '../../support/oddities/plain.ts'
import { frame } from '../../support/script.ts'

/** What reached an engine. */
export interface Sent {
  by: 'own' | 'gpu'
  path: string
  /** An upstream's body as it was written, or the object that an engine was called with. */
  body: string | object
}

export interface ServerUnderTest {
  fetch(request: Request): Promise<Response>
  sent: Sent[]
  log: LogEntry[]
}

export function startServer(): ServerUnderTest {
  const sent: Sent[] = []
  const log: LogEntry[] = []
  const record = (path: string) => (asked: object) => {
    sent.push({ by: 'own', path, body: asked })
    return undefined
  }
  const own = defineEngine({
    label: 'own',
    models: ['own'],
    chat: (asked) => record('/chat/completions')(asked) ?? ['Hello', ' you', { usage: USAGE }],
    complete: (asked) => record('/completions')(asked) ?? ['Hello', ' you', { usage: USAGE }],
    embed: (asked) => {
      record('/embeddings')(asked)
      return Array.from({ length: promptsIn(asked.input) ?? 1 }, () => [0.5, 1])
    },
    countTokens: (asked) => record('/count')(asked) ?? 7,
  })
  const handler = createHostedHandler(
    {
      upstream: [{ label: 'gpu', url: 'http://gpu.test/v1', systemMessages: 'keep' }],
      ...{ discover: false, staticDelay: 0, maxBody: 30_000, bodyTimeout: 2_000, retry: false },
    },
    {
      engines: [own as never],
      exposure: 'machine',
      log: (entry) => log.push(entry),
      fetch: async (url, init) => {
        if (url.endsWith('/models'))
          return Response.json({ data: [{ id: 'gpu', object: 'model' }] })
        const body = init.body ?? ''
        const path = new URL(url).pathname.slice('/v1'.length)
        sent.push({ by: 'gpu', path, body })
        return answer(path, JSON.parse(String(body)))
      },
    },
  )
  return { fetch: handler.fetch, sent, log }
}

type Asked = { stream?: boolean; n?: number; input?: unknown; [field: string]: unknown }

/** What a server without faults answers; what it cannot do it refuses. */
function answer(path: string, asked: Asked): Response {
  if (path === '/embeddings' && promptsIn(asked.input) === undefined) return refused()
  if (path === '/completions' && promptsIn(asked.prompt) === undefined) return refused()
  const n = Math.min(8, Number.isInteger(asked.n) && Number(asked.n) > 0 ? Number(asked.n) : 1)
  if (path === '/chat/completions') return chat(asked, n)
  if (path === '/completions') return completion(asked)
  if (path === '/embeddings') return embeddings(asked)
  return new Response('{"detail":"Not Found"}', { status: 404, headers: JSON_TYPE })
}

function refused(): Response {
  return new Response('{"error":{"message":"prompt: none that a model could read"}}', {
    status: 400,
    headers: JSON_TYPE,
  })
}

/** The number of prompts in a field that holds one or several; undefined if it is neither. */
function promptsIn(field: unknown): number | undefined {
  const isOf = (type: string) => (each: unknown) => typeof each === type
  if (typeof field === 'string') return 1
  if (!Array.isArray(field) || field.length === 0) return undefined
  if (field.every(isOf('number'))) return 1
  const areTokens = (each: unknown) =>
    Array.isArray(each) && each.length > 0 && each.every(isOf('number'))
  return field.every(isOf('string')) || field.every(areTokens) ? field.length : undefined
}

const JSON_TYPE = { 'content-type': 'application/json' }
const EVENTS_TYPE = { 'content-type': 'text/event-stream' }

function chat({ stream }: Asked, n: number): Response {
  const indexes = Array.from({ length: n }, (_, index) => index)
  if (stream) {
    const said = indexes.flatMap((index) => [
      { ...ROLE, choices: [{ ...ROLE.choices[0], index }] },
      chunk({ content: 'Hi' }, { index }),
      finish('stop', index),
    ])
    return new Response(text(...said, USAGE_CHUNK) + DONE, { headers: EVENTS_TYPE })
  }
  const choices = indexes.map((index) => {
    return { index, message: { role: 'assistant', content: 'Hi' }, finish_reason: 'stop' }
  })
  return Response.json({ ...ROLE, object: 'chat.completion', choices, usage: USAGE })
}

function completion(asked: Asked): Response {
  const script = completionScript({ ...asked, n: Math.min(8, Number(asked.n ?? 1)) } as never)
  const parts = script.steps.map((step) => {
    if ('chunk' in step) return frame(step.chunk)
    return 'send' in step ? step.send : ''
  })
  const headers = asked.stream ? EVENTS_TYPE : JSON_TYPE
  return new Response(parts.join(''), { status: script.status ?? 200, headers })
}

function embeddings({ input, encoding_format: format }: Asked): Response {
  const count = promptsIn(input) ?? 1
  const embedding =
    format === 'base64' ? Buffer.from(Float32Array.of(0.5, 1).buffer).toString('base64') : [0.5, 1]
  const data = Array.from({ length: count }, (_, index) => ({
    object: 'embedding',
    index,
    embedding,
  }))
  return Response.json({
    object: 'list',
    data,
    model: 'gpu',
    usage: { prompt_tokens: 1, total_tokens: 1 },
  })
}
