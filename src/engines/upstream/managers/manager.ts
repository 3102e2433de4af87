/** The servers that load models on demand, and how each is asked for the states of its models. */
import { isObject } from '../../../util/object.ts'
import type { Model } from '../../engine.ts'
import type { ServerKind } from '../server-kind.ts'
import {
  lmStudioStates,
  type ModelState,
  type ModelStates,
  ollamaStates,
  routerStates,
  swapStates,
} from './model-state.ts'

/** How one kind of server is asked. */
export interface Manager {
  /** The path that tells the states, from the root of the API; `..` leaves it. */
  path: string
  read(body: unknown): ModelStates
  /** Whether a model that it does not tell is not loaded. */
  tellsLoadedOnly: boolean
  /** Whether the list of models tells what is loaded, so that `path` need not be asked for it. */
  isListed: boolean
  /**
   * A path that is answered at once, for a server that does not answer `path` while it loads a model.
   */
  livePath?: string
  /** A path that tells the progress of loads by events. */
  eventsPath?: string
}

const llamaServer: Manager = {
  path: '/models',
  read: routerStates,
  tellsLoadedOnly: false,
  isListed: true,
  eventsPath: '../models/sse',
}

const managers: Partial<Record<ServerKind, Manager>> = {
  'llama-swap': { path: '../running', read: swapStates, tellsLoadedOnly: true, isListed: true },
  'lm-studio': {
    path: '../api/v0/models',
    read: lmStudioStates,
    tellsLoadedOnly: false,
    isListed: false,
  },
  ollama: {
    path: '../api/ps',
    read: ollamaStates,
    tellsLoadedOnly: true,
    isListed: false,
    // `GET /api/ps` waits for the lock of a model that is being loaded.
    livePath: '../api/version',
  },
}

/** How the server is asked; undefined where it loads no models on demand, or does not tell. */
export function managerOf(
  kind: ServerKind | undefined,
  models: readonly Model[],
): Manager | undefined {
  if (kind === 'llama-server') return models.some(hasStatus) ? llamaServer : undefined
  return kind && managers[kind]
}

/** Only the router has several models, of which each has a status. */
function hasStatus({ status }: Model): boolean {
  return isObject(status) && typeof status.value === 'string'
}

/**
 * The server's own names of listed models whose states it tells, by each name that a request may have.
 * Left out are models that run elsewhere: those of llama-swap's peers and Ollama's cloud.
 */
export function statefulNames(
  kind: ServerKind | undefined,
  models: readonly Model[],
): ReadonlyMap<string, string> {
  const names = new Map<string, string>()
  for (const model of models) {
    const own = kind === 'llama-swap' ? swapName(model) : model.id
    if (own === undefined || (kind === 'ollama' && /[:-]cloud$/.test(own))) continue
    names.set(model.id, own)
    for (const alias of aliasesOf(model)) names.set(alias, own)
    if (own.endsWith(':latest')) names.set(own.slice(0, -':latest'.length), own)
  }
  return names
}

/** llama-swap names the model of an alias, and the kind of entry where it is neither. */
function swapName({ id, meta }: Model): string | undefined {
  const own = isObject(meta) && isObject(meta.llamaswap) ? meta.llamaswap : {}
  if (own.peerID !== undefined) return undefined
  if (own.type === 'alias') return typeof own.modelID === 'string' ? own.modelID : undefined
  return own.type === undefined || own.type === 'model' ? id : undefined
}

function aliasesOf({ aliases, meta }: Model): string[] {
  const own = isObject(meta) && isObject(meta.llamaswap) ? meta.llamaswap.aliases : undefined
  return [aliases, own].flat().filter((name): name is string => typeof name === 'string')
}

/** The state of a model; undefined where the server does not tell. */
export function stateOf(
  { tellsLoadedOnly }: Manager,
  states: ModelStates,
  own: string,
): ModelState | undefined {
  return states.get(own) ?? (tellsLoadedOnly ? { kind: 'unloaded' } : undefined)
}
