/** What is known of models besides their entries in the list. */
import type {
  CallOptions,
  Engine,
  Model,
  OllamaFields,
  OllamaQuestion,
} from '../../engines/engine.ts'
import type { ServedModel } from '../../engines/registry/served-models.ts'
import { capabilitiesOf } from '../../wire/ollama/capabilities.ts'
import type { KnownModel } from '../../wire/ollama/models.ts'

/** Milliseconds for which an Ollama is waited for that is asked about its models. */
const TIMEOUT = 2_000

/** What an engine says of a model by its name here. */
type Lookup = (model: string) => OllamaFields | undefined

/**
 * Each model with what the Ollama that serves it says of it. `served`: the engines of each model, which
 * are asked `question` once. One that cannot answer is left out: the list has the model all the same.
 */
export async function knownModels(
  models: readonly Model[],
  served: readonly ServedModel[],
  question: OllamaQuestion,
  call: CallOptions & { signal: AbortSignal },
): Promise<KnownModel[]> {
  const enginesOf = new Map(served.map(({ id, engines }) => [id, engines]))
  const wanted = new Set(models.flatMap(({ id }) => enginesOf.get(id) ?? []))
  const lookups = await ask([...wanted], question, call)
  return Promise.all(
    models.map(async (model) => {
      const engines = enginesOf.get(model.id) ?? []
      const name = ownName(model)
      const own = engines.map((engine) => lookups.get(engine)?.(name)).find(Boolean)
      const takesTools = engines.some(({ isServer }) => isServer === true)
      const capabilities = capabilitiesOf(model, takesTools)
      return { model, digest: await digestOf(model), capabilities, own }
    }),
  )
}

/** The name of the model that an alias stands for, else the model's own. */
export function ownName({ id, root }: { id: string; root?: unknown }): string {
  return typeof root === 'string' ? root : id
}

async function ask(
  engines: readonly Engine[],
  question: OllamaQuestion,
  { signal, ...options }: CallOptions & { signal: AbortSignal },
): Promise<ReadonlyMap<Engine, Lookup>> {
  const stop = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT)])
  const lookups = await Promise.all(
    engines.map(async (engine) => {
      const lookup = await engine.askOllama?.(question, stop, options).catch(() => undefined)
      return lookup === undefined ? [] : [[engine, lookup] as const]
    }),
  )
  return new Map(lookups.flat())
}

/** Servers that load a model when they start, and list no other. */
const LOADED_AT_START = new Set(['llamacpp', 'sglang', 'vllm'])

/** Whether a model is loaded: as an Ollama says, as its server lists it, or because it lists no other. */
export function isRunning({ model, own }: KnownModel): boolean {
  if (own !== undefined) return true
  if (typeof model.loaded === 'boolean') return model.loaded
  return LOADED_AT_START.has(String(model.owned_by))
}

/** Fields that change although the model does not: vLLM sets `created` to the time of the request. */
const PASSING = new Set(['created', 'loaded', 'state', 'status'])

/** No server but Ollama tells a model's files apart: this is the digest of its entry in the list. */
async function digestOf(model: Model): Promise<string> {
  const steady = Object.entries(model).filter(([name]) => !PASSING.has(name))
  const bytes = new TextEncoder().encode(JSON.stringify(steady))
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
  return [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}
