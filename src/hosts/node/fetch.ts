import type { HandlerHost } from '../../handler.ts'

/** What Node's `fetch` is built on keeps the agent that carries it under this name. */
const agentName = Symbol.for('undici.globalDispatcher.1')

type Agent = new (options: { headersTimeout: number; bodyTimeout: number }) => object

let patient: Promise<object | undefined> | undefined

/**
 * Node's `fetch` without its limit of 300 s for headers and between two chunks: a model may load
 * for longer, and how long is too long is for the settings to say.
 */
export const patientFetch: NonNullable<HandlerHost['fetch']> = async (input, init) => {
  patient ??= makeAgent()
  const dispatcher = await patient
  return fetch(input, { ...init, ...(dispatcher && { dispatcher }) } as RequestInit)
}

/** An agent of the class that Node itself uses; the class shows only after the first fetch. */
async function makeAgent(): Promise<object | undefined> {
  await fetch('data:,')
  const current = (globalThis as Record<symbol, unknown>)[agentName]
  if (typeof current !== 'object' || current === null) return undefined
  return new (current.constructor as Agent)({ headersTimeout: 0, bodyTimeout: 0 })
}
