/** What servers that load models on demand say of their models. Pure: no request, no clock. */
import { isObject } from '../../../util/object.ts'

/**
 * - `loaded`: it can answer.
 * - `loading`: it is being loaded; `done` from 0 to 1, where the server says.
 * - `unloaded`: it would have to be loaded first.
 * - `unloading`: it is being unloaded.
 * - `failed`: it is not loaded, because the last attempt failed; `exitCode` of its process, where the
 *   server says.
 */
export type ModelState =
  | { kind: 'loaded' | 'unloaded' | 'unloading' }
  | { kind: 'loading'; done?: number | undefined }
  | { kind: 'failed'; exitCode?: number | undefined }

/** The states of a server's models, by its own names for them. */
export type ModelStates = ReadonlyMap<string, ModelState>

/** The states in the list of llama-server's router, which it has besides the models' names. */
export function routerStates(body: unknown): ModelStates {
  return statesOf(isObject(body) ? body.data : undefined, 'id', (model) =>
    routerState(model.status),
  )
}

function routerState(status: unknown): ModelState | undefined {
  if (!isObject(status)) return undefined
  const { value, failed, exit_code: code, progress } = status
  switch (value) {
    case 'loaded':
      return { kind: 'loaded' }
    case 'unloaded':
      if (failed !== true) return { kind: 'unloaded' }
      return { kind: 'failed', exitCode: typeof code === 'number' ? code : undefined }
    // A request wakes one that sleeps, which loads it again.
    case 'sleeping':
    case 'loading':
      return { kind: 'loading' }
    case 'downloading':
      return { kind: 'loading', done: downloaded(progress) }
    default:
      return undefined
  }
}

/** The part of all files that has been downloaded; undefined where a size is not known. */
function downloaded(progress: unknown): number | undefined {
  const files = isObject(progress) ? Object.values(progress).filter(isObject) : []
  const total = sum(files.map((file) => file.total))
  return total > 0 ? Math.min(1, sum(files.map((file) => file.done)) / total) : undefined
}

function sum(values: unknown[]): number {
  return values.reduce<number>((total, value) => total + (typeof value === 'number' ? value : 0), 0)
}

/** The states of llama-swap's processes, from `GET /running`, which leaves out those that are stopped. */
export function swapStates(body: unknown): ModelStates {
  return statesOf(isObject(body) ? body.running : undefined, 'model', ({ state }) => {
    if (state === 'ready') return { kind: 'loaded' }
    if (state === 'starting') return { kind: 'loading' }
    return state === 'stopping' ? { kind: 'unloading' } : undefined
  })
}

/** The states in LM Studio's own list, `GET /api/v0/models`. */
export function lmStudioStates(body: unknown): ModelStates {
  return statesOf(isObject(body) ? body.data : undefined, 'id', ({ state }) => {
    if (state === 'loaded' || state === 'loading') return { kind: state }
    return state === 'not-loaded' ? { kind: 'unloaded' } : undefined
  })
}

/** The models in Ollama's memory, from `GET /api/ps`. */
export function ollamaStates(body: unknown): ModelStates {
  return statesOf(isObject(body) ? body.models : undefined, 'name', () => ({ kind: 'loaded' }))
}

type State = (model: Record<string, unknown>) => ModelState | undefined

function statesOf(list: unknown, nameField: string, stateOf: State): ModelStates {
  const states = new Map<string, ModelState>()
  for (const model of Array.isArray(list) ? list : []) {
    const name = isObject(model) ? model[nameField] : undefined
    const state = isObject(model) ? stateOf(model) : undefined
    if (typeof name === 'string' && state !== undefined) states.set(name, state)
  }
  return states
}
