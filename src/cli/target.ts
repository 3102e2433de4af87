/** The server that a tool asks: its address, its key, its models. */
import process from 'node:process'
import type { Fetch } from '../host.ts'
import { CLIENT_KEY } from '../settings/environment.ts'
import { SettingsError } from '../settings.ts'
import { isObject } from '../wire/object.ts'

/** Paths of an API's root at which something is asked. */
const ENDPOINTS = ['/chat/completions', '/completions', '/responses', '/messages']

export interface Target {
  /** The API's root: `http://127.0.0.1:8787/v1`. */
  base: string
  /** Where it is asked: below the root, or what was given. */
  url: string
  headers: Record<string, string>
  key: string | undefined
}

/**
 * The API that a person means: a root with or without `/v1`, or one endpoint of it. Throws a
 * `SettingsError`.
 */
export function targetOf(given: string | undefined, key: string | undefined, what: string): Target {
  if (given === undefined) throw new SettingsError(`${what}: expected the URL of a server.`)
  const url = URL.parse(/^[a-z]+:\/\//i.test(given) ? given : `http://${given}`)
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new SettingsError(`${what}: ${JSON.stringify(given)} is no http URL.`)
  }
  const path = url.pathname.replace(/\/+$/, '')
  const endpoint = ENDPOINTS.find((each) => path.endsWith(each))
  const root = endpoint === undefined ? path || '/v1' : path.slice(0, -endpoint.length)
  const base = `${url.origin}${root}`
  const secret = key ?? process.env[CLIENT_KEY]
  return {
    base,
    url: endpoint === undefined ? `${base}/chat/completions` : `${url.origin}${path}${url.search}`,
    headers: secret === undefined ? {} : { authorization: `Bearer ${secret}` },
    key: secret,
  }
}

/** The first model a server lists; undefined where it lists none, or can't be asked. */
export async function firstModel(fetch: Fetch, target: Target): Promise<string | undefined> {
  const signal = AbortSignal.timeout(5_000)
  try {
    const response = await fetch(`${target.base}/models`, { headers: target.headers, signal })
    const reader = response.body?.getReader()
    const decoder = new TextDecoder()
    let text = ''
    for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) {
      text += decoder.decode(part.value, { stream: true })
    }
    const value: unknown = JSON.parse(text)
    const [first] = isObject(value) && Array.isArray(value.data) ? value.data : []
    return isObject(first) && typeof first.id === 'string' ? first.id : undefined
  } catch {
    return undefined
  }
}
