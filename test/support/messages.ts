/** Requests to the Messages API, which tests send through SDKs and with `fetch`. */
import type { Script } from './script.ts'
import type { Server } from './server.ts'

export const model = 'Qwen/Qwen3-8B'
export const staticText = 'Water finds its way word by word, and every stream reaches its end.'
export const upstreamText = 'The quick brown fox jumps over the lazy dog.'
export const ask = { max_tokens: 99, messages: [{ role: 'user' as const, content: 'Go.' }] }

/** The flags of the server in front of the scripted upstream. */
export const flags = ['--static-delay', '0', '--heartbeat', '200', '--first-token-timeout', '900']

/** Two tokens, then an error in the middle of the stream. */
export const broken: Script = {
  steps: [
    { chunk: chunkOf({ role: 'assistant', content: 'Half ' }) },
    { chunk: chunkOf({ content: 'a thought' }) },
    { chunk: { error: { message: 'CUDA out of memory', type: 'server_error', code: 500 } } },
  ],
}

/** A token every 50 ms for far longer than a test takes. */
export const endless: Script = {
  steps: [
    { chunk: chunkOf({ role: 'assistant', content: 'On' }) },
    { repeat: 1_000, steps: [{ wait: 50 }, { chunk: chunkOf({ content: ' and on' }) }] },
  ],
}

export function chunkOf(delta: object): object {
  const choices = [{ index: 0, delta, finish_reason: null }]
  return { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model, choices }
}

export function post(server: Server, body: object, headers: Record<string, string> = {}) {
  return fetch(`${server.base}/messages`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'anthropic-version': '2023-06-01', ...headers },
    body: JSON.stringify({ model, ...ask, ...body }),
  })
}

export function hasBudget(body: unknown): boolean {
  return JSON.stringify(body ?? '').includes('"thinking_budget_tokens"')
}

/** The error that it rejects with; undefined where it resolves. */
export function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
}
