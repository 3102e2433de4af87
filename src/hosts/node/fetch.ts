import type { Fetch } from '../../platform/fetch.ts'

/** Node's `fetch` is built on undici, which stores its default agent under this symbol. */
const agentName = Symbol.for('undici.globalDispatcher.1')

type Agent = new (options: {
  headersTimeout: number
  bodyTimeout: number
  pipelining: number
}) => object

interface Agents {
  pooled: object
  /** Closes each connection after one request. */
  unpooled: object
}

let agents: Promise<Agents | undefined> | undefined

/**
 * Node's own `fetch`, which honours `once`, without its limit of 300 s for headers and between two
 * chunks: a model may load for longer, and the settings have their own timeouts.
 */
export const nativeFetch: Fetch = async (url, { once, ...init }) => {
  agents ??= makeAgents()
  const made = await agents
  const dispatcher = once ? made?.unpooled : made?.pooled
  return fetch(url, { ...init, ...(dispatcher && { dispatcher }) } as RequestInit)
}

/** Agents of the class that Node itself uses. It can be reached only after the first fetch. */
async function makeAgents(): Promise<Agents | undefined> {
  await fetch('data:,')
  const current = (globalThis as Record<symbol, unknown>)[agentName]
  if (typeof current !== 'object' || current === null) return undefined
  const agent = current.constructor as Agent
  const withoutTimeouts = { headersTimeout: 0, bodyTimeout: 0 }
  return {
    pooled: new agent({ ...withoutTimeouts, pipelining: 1 }),
    unpooled: new agent({ ...withoutTimeouts, pipelining: 0 }),
  }
}
