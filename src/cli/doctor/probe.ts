/** What a model server answers to the question for its models, and what that says of it. */

import type { Model } from '../../engines/engine.ts'
import { readBytes } from '../../engines/upstream/json-body.ts'
import { serverKindOf } from '../../engines/upstream/server-kind.ts'
import type { Fetch } from '../../platform/fetch.ts'
import { isObject } from '../../util/object.ts'
import { contextSize } from '../../wire/models/context-size.ts'
import { aheadBy } from './checks/clock.ts'
import { jsonFrom } from './checks/json-from.ts'
import { type ReachFailure, reachFailure } from './reach.ts'

/** The most bytes of a list of models that are read. */
const LIMIT = 8 * 1024 * 1024

/** A server that lists its models. */
export interface Answered {
  kind: 'answered'
  /** `ollama`; undefined where it does not tell. */
  server: string | undefined
  version: string | undefined
  models: Model[]
  /** The context in tokens that its models run with, as far as it says. */
  contexts: { model: string; tokens: number }[]
  ms: number
  aheadMs: number | undefined
}

export type Probed =
  | Answered
  | { kind: 'unreachable'; failure: ReachFailure }
  | { kind: 'refused'; status: number }
  | { kind: 'redirect'; status: number; location: string | undefined }
  | { kind: 'html'; status: number }
  | { kind: 'other'; status: number }

/** Never rejects. `url` is the root of the API. */
export async function probe(
  fetch: Fetch,
  url: string,
  key: string | undefined,
  signal: AbortSignal,
): Promise<Probed> {
  const headers: Record<string, string> =
    key === undefined ? {} : { authorization: `Bearer ${key}` }
  const sentAt = Date.now()
  const start = performance.now()
  try {
    const response = await fetch(`${url}/models`, { headers, signal, redirect: 'manual' })
    const ms = performance.now() - start
    const aheadMs = aheadBy(response.headers.get('date'), sentAt, Date.now())
    const { status } = response
    const location = response.headers.get('location') ?? undefined
    if (status >= 300 && status < 400) {
      await response.body?.cancel().catch(() => {})
      return { kind: 'redirect', status, location }
    }
    const text = new TextDecoder().decode(await readBytes(response, url, LIMIT))
    if (status === 401 || status === 403) return { kind: 'refused', status }
    const models = modelsIn(text)
    if (status >= 400 || models === undefined) {
      return { kind: isHtml(response.headers.get('content-type'), text) ? 'html' : 'other', status }
    }
    return {
      kind: 'answered',
      models,
      ms,
      aheadMs,
      ...(await about(fetch, url, models, headers, signal)),
    }
  } catch (error) {
    return { kind: 'unreachable', failure: reachFailure(error) }
  }
}

function isHtml(type: string | null, text: string): boolean {
  return /\bhtml\b/i.test(type ?? '') || /^\s*<(!doctype|html)/i.test(text)
}

function modelsIn(text: string): Model[] | undefined {
  try {
    const value: unknown = JSON.parse(text)
    if (!isObject(value) || !Array.isArray(value.data)) return undefined
    return value.data.filter((each): each is Model => isObject(each) && typeof each.id === 'string')
  } catch {
    return undefined
  }
}

/** Where each server tells its version, and in which field. */
const VERSIONS: Readonly<Record<string, readonly [path: string, field: string]>> = {
  koboldcpp: ['/api/extra/version', 'version'],
  'llama-server': ['/props', 'build_info'],
  'llama-swap': ['/api/version', 'version'],
  ollama: ['/api/version', 'version'],
  sluice: ['/health', 'version'],
  vllm: ['/version', 'version'],
}

async function about(
  fetch: Fetch,
  url: string,
  models: readonly Model[],
  headers: Record<string, string>,
  signal: AbortSignal,
): Promise<Pick<Answered, 'server' | 'version' | 'contexts'>> {
  const root = url.replace(/\/v1$/, '')
  const listed = serverKindOf(models)
  const ask = (path: string) => jsonFrom(fetch, `${root}${path}`, headers, signal)
  // Ollama lists no owner that tells, where no model is of its library.
  const [path, field] = VERSIONS[listed ?? 'ollama'] ?? []
  const [told, running] = await Promise.all([
    path === undefined ? undefined : ask(path),
    listed === 'ollama' ? ask('/api/ps') : undefined,
  ])
  const version = isObject(told) && field !== undefined ? told[field] : undefined
  const isKnown = typeof version === 'string'
  return {
    server: listed ?? (isKnown ? 'ollama' : undefined),
    version: isKnown ? version.slice(0, 60) : undefined,
    contexts: [...contextsOf(models), ...contextsOf(runningModels(running))],
  }
}

function contextsOf(models: readonly Model[]): Answered['contexts'] {
  return models.flatMap((model) => {
    const { context_length: tokens } = contextSize(model)
    return tokens === undefined ? [] : [{ model: model.id, tokens }]
  })
}

/** The models that an Ollama runs now: only of those it says the context. */
function runningModels(told: unknown): Model[] {
  const list = isObject(told) && Array.isArray(told.models) ? told.models.filter(isObject) : []
  return list.map((each) => ({ ...each, id: String(each.name ?? '') }) as unknown as Model)
}
