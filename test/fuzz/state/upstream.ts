/** Upstreams in this process, whose answers a case holds back, ends and breaks. */
import type { FetchInit } from '../../../src/platform/fetch.ts'
import { chunk, DONE, finish, ROLE, text } from '../../support/oddities/plain.ts'

export interface Plan {
  /** Tokens of the answer. */
  words: number
  /** What it says of its usage, in place of the truth. */
  usage:
    | 'honest'
    | 'none'
    | { prompt_tokens?: unknown; completion_tokens?: unknown; total_tokens?: unknown }
  /** How the answer ends, or the status that is sent in its place. */
  ending: 'finish' | 'break' | 'error' | number
  /** Whether the end, or the status, waits until `release`. */
  isHeld: boolean
}

/** One request that reached an upstream. */
export class Served {
  readonly by: string
  readonly plan: Plan
  isOver = false
  readonly #released = Promise.withResolvers<void>()

  constructor(by: string, plan: Plan, signal: AbortSignal | undefined) {
    this.by = by
    this.plan = plan
    if (!plan.isHeld) this.release()
    signal?.addEventListener('abort', () => {
      this.isOver = true
      this.release()
    })
  }

  release(): void {
    this.#released.resolve()
  }

  get released(): Promise<void> {
    return this.#released.promise
  }
}

const JSON_TYPE = { 'content-type': 'application/json' }

/** The `fetch` of a handler. The plan of each request is in its body, as JSON in the field `user`. */
export function upstreams(models: string[], served: Served[]) {
  return async (url: string, init: FetchInit): Promise<Response> => {
    if (url.endsWith('/models')) {
      return Response.json({ data: models.map((id) => ({ id, object: 'model' })) })
    }
    const body = JSON.parse(String(init.body ?? '{}')) as { user: string; stream?: boolean }
    const plan = JSON.parse(body.user) as Plan
    const each = new Served(new URL(url).hostname, plan, init.signal)
    served.push(each)
    if (typeof plan.ending === 'number') {
      await each.released
      each.isOver = true
      init.signal?.throwIfAborted()
      return new Response('{"error":{"message":"no"}}', { status: plan.ending, headers: JSON_TYPE })
    }
    return body.stream ? streamed(each) : whole(each, init.signal)
  }
}

function usageOf({ usage, words }: Plan): object | undefined {
  if (usage === 'none') return undefined
  if (usage !== 'honest') return usage
  return { prompt_tokens: 1, completion_tokens: words, total_tokens: words + 1 }
}

async function whole(each: Served, signal: AbortSignal | undefined): Promise<Response> {
  await each.released
  each.isOver = true
  signal?.throwIfAborted()
  const { plan } = each
  if (plan.ending === 'break') throw new Error('broken')
  if (plan.ending === 'error') return Response.json({ error: { message: 'CUDA out of memory' } })
  const message = { role: 'assistant', content: 'x '.repeat(plan.words) }
  const choices = [{ index: 0, message, finish_reason: 'stop' }]
  return Response.json({ ...ROLE, object: 'chat.completion', choices, usage: usageOf(plan) })
}

function streamed(each: Served): Response {
  const encoder = new TextEncoder()
  const { plan } = each
  const usage = usageOf(plan)
  const last = {
    finish: text(finish('stop')) + (usage ? text({ ...chunk({}), choices: [], usage }) : '') + DONE,
    error: text({ error: { message: 'CUDA out of memory' } }),
  }
  let at = 0
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      async pull(control) {
        if (at === 0) control.enqueue(encoder.encode(text(ROLE)))
        else if (at <= plan.words)
          control.enqueue(encoder.encode(text(chunk({ content: `x${at} ` }))))
        else {
          await each.released
          each.isOver = true
          if (plan.ending === 'break' || typeof plan.ending === 'number')
            control.error(new Error('broken'))
          else {
            control.enqueue(encoder.encode(last[plan.ending]))
            control.close()
          }
        }
        at++
      },
      cancel() {
        each.isOver = true
      },
    },
    { highWaterMark: 0 },
  )
  return new Response(body, { headers: { 'content-type': 'text/event-stream' } })
}
