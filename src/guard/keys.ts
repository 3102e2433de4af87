import type { Key } from '../settings/keys.ts'
import { ApiError } from '../wire/errors/api-error.ts'

/** Query parameters in which programs send keys, although logs record URLs. */
const QUERY_NAMES = ['key', 'api_key', 'api-key', 'apikey', 'access_token', 'token']

/** The configured API keys, with their hashes as bytes. */
export interface ApiKeys {
  /** Whether there are keys that may ask: without them, requests need none. */
  readonly areNeeded: boolean
  /** The key that a request sends. Rejects with an `ApiError` (401). */
  find(request: Request, url: URL): Promise<Key>
  /** The key with which a tab is offered, where a request sends one; undefined for any other request. */
  findOffering(request: Request): Promise<Key | undefined>
}

/**
 * Keys are found by their hashes. The time that takes may reveal how the hash of a guess compares with
 * those of the keys, but nothing that helps to guess: a key is 256 random bits, so that not even its
 * whole hash, which the settings hold, leads back to it. Keys themselves are never compared.
 */
export function createApiKeys(keys: readonly Key[], paired?: ReadonlyMap<string, Key>): ApiKeys {
  const keyByHash = new Map(keys.map((key) => [key.hash, key]))
  const keyOf = (hash: string) => keyByHash.get(hash) ?? paired?.get(hash)
  return {
    areNeeded: keys.some(({ offers }) => !offers),
    async find(request, url) {
      const presented = readPresented(request.headers, url)
      return requireValid(keyOf(await hashKey(presented)))
    },
    async findOffering({ headers }) {
      const [, bearer] = /^Bearer +(\S+)$/i.exec(headers.get('authorization') ?? '') ?? []
      if (bearer === undefined || (paired?.size ?? 0) + keys.length === 0) return undefined
      const key = keyOf(await hashKey(bearer))
      return key?.offers ? requireValid(key) : undefined
    },
  }
}

/** The hash of a key, in the form of the settings. */
export async function hashKey(key: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(key))
  return `sha256:${[...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`
}

function readPresented(headers: Headers, url: URL): string {
  if (url.search !== '' && QUERY_NAMES.some((name) => url.searchParams.has(name))) {
    throw refused(
      'expected in a header, got in the URL, which logs record; send it as "Authorization: Bearer KEY".',
    )
  }
  const authorization = headers.get('authorization')
  const other = headers.get('x-api-key')
  if (authorization === null && other === null) {
    throw refused(
      `expected an API key, got none; send it as "Authorization: Bearer KEY".${isOllamas(url) ? OLLAMA_CLIENTS : ''}`,
      'missing_api_key',
    )
  }
  const bearer = authorization === null ? other : /^Bearer +(\S+)$/i.exec(authorization)?.[1]
  if (bearer === undefined || bearer === null) {
    throw refused(
      'expected the form "Authorization: Bearer KEY", got another one; correct the header.',
    )
  }
  if (other !== null && other !== bearer) {
    throw refused(
      'expected one key, got different keys in Authorization and x-api-key; send only one of them.',
    )
  }
  return bearer
}

/** Whether the request is one of Ollama's API, at the root or below a base path. */
function isOllamas({ pathname }: URL): boolean {
  return /(^|\/)api(\/|$)/.test(pathname)
}

/** Ollama itself asks for no key: many of its clients have no field for one. */
const OLLAMA_CLIENTS =
  ' Ollama’s JavaScript client sends it with the option headers, its Python client from OLLAMA_API_KEY, and others from a field for an API key; for one that can send none, such as the ollama command, run a sluice on its machine with --compat ollama, --upstream with this server’s URL and the key in SLUICE_UPSTREAM_KEY.'

function requireValid(key: Key | undefined): Key {
  if (key === undefined)
    throw refused(
      'expected a key of this server, got another one; check it, or ask the operator for a key.',
    )
  if (key.disabled) throw refused('this key is disabled; ask the operator for another one.')
  if (key.expires !== undefined && Date.now() >= key.expires) {
    throw refused(
      `this key expired on ${new Date(key.expires).toISOString().slice(0, 10)}; ask the operator for a new one.`,
    )
  }
  return key
}

function refused(why: string, code = 'invalid_api_key'): ApiError {
  return new ApiError(401, `key: ${why}`, {
    code,
    headers: { 'www-authenticate': 'Bearer realm="sluice"' },
  })
}
