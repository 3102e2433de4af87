/** Requests of named callers, which may leave, and what came of them. */
import type { Identity } from '../../../src/guard/authenticate.ts'
import type { Plan } from './upstream.ts'

export interface Asking {
  caller: string
  plan: Plan
  path?: '/v1/chat/completions' | '/v1/messages' | '/v1/responses'
  stream: boolean
  /** Characters of the prompt. */
  prompt: number
  maxTokens?: number | undefined
  model?: string
}

/** One request, from its sending to its end. */
export class Sent {
  readonly asking: Asking
  readonly sentAt = performance.now()
  status: number | undefined
  headers: Headers | undefined
  /** The error, where there is one, or all of the answer. */
  text = ''
  /** When each token came to the client. */
  readonly tokensAt: number[] = []
  isOver = false
  readonly done: Promise<void>
  readonly #leaving = new AbortController()

  constructor(handler: { fetch(request: Request): Promise<Response> }, asking: Asking) {
    this.asking = asking
    this.done = this.#run(handler).catch((error: unknown) => {
      if (!this.#leaving.signal.aborted) throw error
    })
    // Looked at by whoever awaits it.
    this.done.catch(() => {})
  }

  /** The client disconnects. */
  leave(): void {
    this.#leaving.abort()
  }

  get hasLeft(): boolean {
    return this.#leaving.signal.aborted
  }

  async #run(handler: { fetch(request: Request): Promise<Response> }): Promise<void> {
    try {
      const response = await handler.fetch(requestOf(this.asking, this.#leaving.signal))
      this.status = response.status
      this.headers = response.headers
      await this.#read(response)
    } finally {
      this.isOver = true
    }
  }

  async #read(response: Response): Promise<void> {
    const decoder = new TextDecoder()
    const reader = response.body?.getReader()
    const { signal } = this.#leaving
    signal.addEventListener('abort', () => void reader?.cancel().catch(() => {}), { once: true })
    for (let next = await reader?.read(); next && !next.done; next = await reader?.read()) {
      const piece = decoder.decode(next.value, { stream: true })
      this.text += piece
      const tokens = this.#deltasOf(piece).match(/x\d* /g)?.length ?? 0
      for (let each = 0; each < tokens; each++) this.tokensAt.push(performance.now())
    }
  }

  /** The events of a response repeat its whole text when a part of it is done. */
  #deltasOf(piece: string): string {
    if (this.asking.path !== '/v1/responses' || !this.asking.stream) return piece
    const lines = piece.split('\n')
    return lines.filter((line) => line.includes('"response.output_text.delta"')).join('\n')
  }
}

function requestOf(asking: Asking, signal: AbortSignal): Request {
  const {
    caller,
    plan,
    path = '/v1/chat/completions',
    stream,
    prompt,
    maxTokens,
    model = 'm',
  } = asking
  const content = 'p'.repeat(prompt)
  const said =
    path === '/v1/responses' ? { input: content } : { messages: [{ role: 'user', content }] }
  const limit = path === '/v1/responses' ? 'max_output_tokens' : 'max_tokens'
  const most = maxTokens ?? (path === '/v1/messages' ? 100 : undefined)
  // The Messages API has no field `user`: there the plan is the id of the user, which becomes it.
  const user =
    path === '/v1/messages'
      ? { metadata: { user_id: JSON.stringify(plan) } }
      : { user: JSON.stringify(plan) }
  const body = { model, stream, ...said, ...user, ...(most !== undefined && { [limit]: most }) }
  return new Request(`http://sluice${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-caller': caller },
    body: JSON.stringify(body),
    signal,
  })
}

/** Identifies callers by the name that they send. */
export function callersOf(limits: Record<string, Omit<Identity, 'name'>>) {
  return (request: Request): Identity | undefined => {
    const name = request.headers.get('x-caller') ?? ''
    return Object.hasOwn(limits, name) ? { name, ...limits[name] } : undefined
  }
}
