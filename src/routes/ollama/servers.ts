/** Which Ollama server is meant by a request that changes a server's models. */
import type { PassCall } from '../../engines/engine.ts'
import type { Catalog, CatalogEntry } from '../../engines/registry/catalog.ts'
import { otherNames } from '../../engines/registry/model-index.ts'
import { isObject } from '../../util/object.ts'
import { parseJson } from '../../util/parse-json.ts'
import { ApiError, badRequest } from '../../wire/errors/api-error.ts'
import { labelsOf, serverLabelled, serversOf } from '../servers.ts'

/** A header that names the upstream, for clients whose URLs cannot have a query. */
const UPSTREAM_HEADER = 'x-sluice-upstream'

/** Milliseconds that a server may take to say what it is. */
const ASK_TIMEOUT = 2_000

interface Wanted {
  /** For a refusal: `pull models`. */
  does: string
  /** A model that the server must have. */
  model?: string | undefined
}

const VERSION: PassCall = {
  method: 'GET',
  paths: () => ['../api/version'],
  shownPath: '/api/version',
  headers: {},
  answers: [],
}

/**
 * Whether a server is an Ollama. One that has no model yet does not tell by the owner of its models, and
 * is asked for its version, since its first model is pulled in this way. A sluice answers that as well, and names itself.
 */
async function isOllama({ engine, models }: CatalogEntry, signal: AbortSignal): Promise<boolean> {
  if (engine.kind === 'ollama' || engine.nativeApis?.includes('ollama')) return true
  if (engine.kind !== undefined || models.length > 0) return false
  if (engine.pass === undefined) return false
  try {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(ASK_TIMEOUT)])
    const answer = await engine.pass(VERSION, undefined, limit)
    const value: unknown = answer.kind === 'whole' ? parseJson(answer.json) : undefined
    return isObject(value) && typeof value.version === 'string' && !('sluice' in value)
  } catch {
    return false
  }
}

/**
 * The Ollama server that is named, or that has the model, or the only one. Throws an `ApiError`: 501 where
 * there is none, 400 where it is unclear which one is meant.
 */
export async function ollamaServerFor(
  { url, headers, signal }: Pick<Request, 'url' | 'headers' | 'signal'>,
  catalog: Catalog,
  { does, model }: Wanted,
): Promise<CatalogEntry> {
  const entries = await serversOf(catalog)
  const areServers = await Promise.all(entries.map((entry) => isOllama(entry, signal)))
  const servers = entries.filter((_, index) => areServers[index])
  if (servers.length === 0) throw noServer(does, entries)
  const wanted = new URL(url).searchParams.get('upstream') ?? headers.get(UPSTREAM_HEADER)
  if (wanted !== null) return serverLabelled(servers, wanted, 'an Ollama server')
  const owners = model === undefined ? [] : servers.filter((server) => hasModel(server, model))
  const [only, another] = owners.length > 0 ? owners : servers
  if (only !== undefined && another === undefined) return only
  const meant = labelsOf(owners.length > 0 ? owners : servers)
  throw badRequest(
    `upstream: expected the label of one Ollama server, since there are several (${meant}), got none; add ?upstream=${only?.engine.label ?? 'LABEL'} to the URL, or send the header ${UPSTREAM_HEADER}.`,
    'upstream',
  )
}

function hasModel({ models }: CatalogEntry, name: string): boolean {
  const full = name.includes(':') ? name : `${name}:latest`
  return models.some((model) => {
    return [model.id, ...otherNames(model)].some((each) => each === name || each === full)
  })
}

function noServer(does: string, entries: readonly CatalogEntry[]): ApiError {
  const others = labelsOf(entries)
  const came = others === '' ? 'no model server' : `only other servers (${others})`
  const message = `upstream: expected an Ollama server to ${does} with, found ${came}; use the tools of the server itself, or configure an Ollama server with --upstream.`
  return new ApiError(501, message, { code: 'not_supported' })
}
