import { namesModel } from '../../settings/patterns.ts'
import type { CallOptions, Engine, Model } from '../engine.ts'
import { Upstream, type UpstreamOptions } from '../upstream/upstream.ts'
import { notStarted } from './errors.ts'
import { managedFetch } from './managed-fetch.ts'
import type { ManagedServer } from './server.ts'

type Method = (...args: unknown[]) => unknown

/**
 * What neither starts a server nor keeps it running, and the answer to it while it does not run. Rejects
 * with an `ApiError` where there is none.
 */
const IF_RUNNING = new Map<PropertyKey, (label: string) => Promise<undefined>>([
  ['askOllama', () => Promise.resolve(undefined)],
  ['countTokens', (label) => Promise.reject(notStarted(label))],
])

/**
 * An upstream whose server is started when it is needed. Everything that an upstream can do, it can do:
 * each method that takes a signal first waits until the server is ready.
 */
export function createManagedEngine(server: ManagedServer, options: UpstreamOptions): Engine {
  const fetch = managedFetch(server, options)
  const names = new ListedNames(server, { ...options, fetch })
  const listing = new ModelListing(server, names, options)
  const methods = new Map<PropertyKey, Method>()
  const models: Engine['models'] = (signal, call) => listing.models(signal, call)
  return new Proxy(names.upstream, {
    get(_, name) {
      if (name === 'process') return server.status
      if (name === 'models') return models
      // What is told while it starts comes from `server`.
      if (name === 'loadState' && !server.admits) return undefined
      const { upstream } = names
      const value: unknown = Reflect.get(upstream, name, upstream)
      if (typeof value !== 'function') return value
      let method = methods.get(name)
      if (method === undefined) {
        const ifStopped = IF_RUNNING.get(name)
        method = ifStopped ? passive(name, ifStopped) : active(name)
        methods.set(name, method)
      }
      return method
    },
  })

  function call(name: PropertyKey, args: unknown[]): unknown {
    const { upstream } = names
    return Reflect.apply(Reflect.get(upstream, name, upstream) as Method, upstream, args)
  }

  function passive(name: PropertyKey, ifStopped: (label: string) => unknown): Method {
    return (...args) => (server.port === undefined ? ifStopped(options.label) : call(name, args))
  }

  function active(name: PropertyKey): Method {
    return (...args) => {
      const signal = args.find((each) => each instanceof AbortSignal)
      if (signal === undefined) return call(name, args)
      return answered(name, args, signal)
    }
  }

  async function answered(name: PropertyKey, args: unknown[], signal: AbortSignal) {
    const { onStart } = (args.at(-1) ?? {}) as CallOptions
    const model = args.map(modelIn).find((each) => each !== undefined) ?? options.label
    await server.enter({ signal, model, onStart })
    try {
      return await call(name, args)
    } finally {
      server.leave()
    }
  }
}

/** The model in an argument: a name, a request, or what holds a request as its body. */
function modelIn(request: unknown): string | undefined {
  if (typeof request === 'string') return request
  const { model, body } = (request ?? {}) as { model?: unknown; body?: unknown }
  if (typeof model === 'string') return model
  return body === undefined ? undefined : modelIn(body)
}

/**
 * The upstream, under whose names the server knows its models: one that lists a single model under
 * another name than the settings is asked for it by that name, as some servers refuse any other.
 */
class ListedNames {
  readonly #server: ManagedServer
  readonly #options: UpstreamOptions
  #upstream: Upstream
  #listed: readonly string[] = []

  constructor(server: ManagedServer, options: UpstreamOptions) {
    this.#server = server
    this.#options = options
    this.#upstream = new Upstream(options)
  }

  get upstream(): Upstream {
    const { listed } = this.#server
    if (listed !== this.#listed && this.#server.isReady) {
      this.#listed = listed
      this.#rename(listed)
    }
    return this.#upstream
  }

  #rename([only, another]: readonly string[]): void {
    const { models = [], rewrite = {} } = this.#options
    const names = models.filter((name) => !name.includes('*') && !Object.hasOwn(rewrite, name))
    if (only === undefined || another !== undefined || names.includes(only)) return
    const learned = Object.fromEntries(names.map((name) => [name, only]))
    this.#upstream = new Upstream({ ...this.#options, rewrite: { ...learned, ...rewrite } })
  }
}

/** The models that the settings name, with what the server said of them when it ran. */
class ModelListing {
  readonly #server: ManagedServer
  readonly #names: ListedNames
  readonly #options: UpstreamOptions
  readonly #created = Math.floor(Date.now() / 1000)
  #known: readonly Model[] = []

  constructor(server: ManagedServer, names: ListedNames, options: UpstreamOptions) {
    this.#server = server
    this.#names = names
    this.#options = options
  }

  async models(signal: AbortSignal, call?: CallOptions): Promise<Model[]> {
    const { models: patterns = [] } = this.#options
    const isReady = this.#server.port !== undefined
    if (isReady) {
      // A server that is busy with a long prompt may list nothing in time.
      this.#known = await this.#names.upstream.models(signal, call).catch(() => this.#known)
    }
    const declared = patterns
      .filter((name) => !name.includes('*'))
      .map((id) => this.#known.find((model) => model.id === id) ?? this.#plain(id))
    const others = this.#known.filter(
      ({ id }) => namesModel(patterns, id) && !patterns.includes(id),
    )
    return [...declared, ...others].map((model) => ({
      ...model,
      loaded: isReady && model.loaded !== false,
    }))
  }

  #plain(id: string): Model {
    return { id, object: 'model', created: this.#created, owned_by: this.#options.label }
  }
}
