/** The server that a tool sends requests to: its address, its key and its models. */
import type { CheckedApi } from '../check/dialects/dialect.ts'
import { dialectAt } from '../check/dialects/dialects.ts'
import type { Fetch } from '../platform/fetch.ts'
import { record } from '../recording/record.ts'
import { CLIENT_KEY } from '../settings/environment.ts'
import { SettingsError } from '../settings/settings.ts'
import { isObject, parseObject } from '../util/object.ts'
import { parseUrl } from '../util/parse-url.ts'
import { withoutTrailing } from '../util/without-trailing.ts'

export interface Target {
  /** The API's root: `http://127.0.0.1:8787/v1`. */
  base: string
  /** The endpoint: below the root, or the URL that was given. */
  url: string
  /** The API of the given endpoint; undefined if a root was given. */
  dialect: CheckedApi | undefined
  headers: Record<string, string>
  key: string | undefined
}

/**
 * The API that a URL means: a root with or without `/v1`, or one of its endpoints. Throws a
 * `SettingsError`.
 */
export function targetOf(given: string | undefined, key: string | undefined, what: string): Target {
  if (given === undefined)
    throw new SettingsError(
      `${what}: expected the URL of a server, got nothing; give one, such as http://127.0.0.1:8787.`,
    )
  const url = parseUrl(/^[a-z]+:\/\//i.test(given) ? given : `http://${given}`)
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new SettingsError(`${what}: expected an http or https URL, got ${JSON.stringify(given)}.`)
  }
  const path = withoutTrailing('/', url.pathname)
  const dialect = dialectAt(path)
  const root = dialect === undefined ? path || '/v1' : path.slice(0, -dialect.path.length)
  const base = `${url.origin}${root}`
  const secret = key ?? process.env[CLIENT_KEY]
  return {
    base,
    url: dialect === undefined ? `${base}/chat/completions` : `${url.origin}${path}${url.search}`,
    dialect,
    headers: secret === undefined ? {} : { authorization: `Bearer ${secret}` },
    key: secret,
  }
}

/** Milliseconds to wait for a list of models: if it is needed, and if it is not. */
const PATIENCE = { needed: 5_000, other: 1_000 }

/**
 * The model to use: the given one, or the first that the server lists; undefined if it lists none or
 * does not answer. The list is requested in any case: the first request of a process takes some
 * milliseconds longer, and the recording that follows should not contain them.
 */
export async function modelAt(
  fetch: Fetch,
  { base, headers }: Target,
  given: string | undefined,
): Promise<string | undefined> {
  const patience = given === undefined ? PATIENCE.needed : PATIENCE.other
  const signal = AbortSignal.timeout(patience)
  const { packets } = await record({ fetch, url: `${base}/models`, headers, by: '', signal })
  if (given !== undefined) return given
  const decoder = new TextDecoder()
  const text = packets.map(({ bytes }) => decoder.decode(bytes, { stream: true })).join('')
  const list = parseObject(text)?.data
  const [first] = Array.isArray(list) ? list : []
  return isObject(first) && typeof first.id === 'string' ? first.id : undefined
}
