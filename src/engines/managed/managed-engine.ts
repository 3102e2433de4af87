import { namesModel } from '../../settings/patterns.ts'
import type { CallOptions, Engine, Model } from '../engine.ts'
import { Upstream, type UpstreamOptions } from '../upstream/upstream.ts'
import { notStarted } from './errors.ts'
import { managedFetch } from './managed-fetch.ts'
import type { ManagedServer } from './server.ts'

type Method = (...args: unknown[]) => unknown

/** The names of an engine's methods. Servers answer everybody and are never gone for good: `mayServe` and `onGone` are none of theirs. */
type MethodName = Exclude<
  {
    [N in keyof Engine]-?: NonNullable<Engine[N]> extends (...args: never[]) => unknown ? N : never
  }[keyof Engine],
  'mayServe' | 'onGone'
>

/**
 * What a call does where the server is not ready.
 * - `starts`: it starts the server and waits for it, and keeps it running.
 * - `asks`: it asks a server that runs, and neither starts it nor keeps it running.
 * - `local`: it is answered without the server.
 */
type Need = 'starts' | 'asks' | 'local'

/** Each method has its entry, so that a new one starts a server only where this says so. */
export const NEEDS: Readonly<Record<MethodName, Need>> = {
  chat: 'starts',
  complete: 'starts',
  embed: 'starts',
  forward: 'starts',
  pass: 'starts',
  askOllama: 'asks',
  countTokens: 'asks',
  sizedModels: 'asks',
  acceptsModel: 'local',
  lacks: 'local',
  loadState: 'local',
  models: 'local',
}

/** An upstream whose server is started when it is needed: what an upstream can do, it can do. */
export function createManagedEngine(server: ManagedServer, options: UpstreamOptions): Engine {
  const fetch = managedFetch(server, options)
  const names = new ListedNames(server, { ...options, fetch })
  const own = ownMethods(server, names, options)
  const methods = new Map<PropertyKey, Method>()
  return new Proxy(names.upstream, {
    get(_, name) {
      if (name === 'process') return server.status
      // What is told while it starts comes from `server`.
      if (name === 'loadState' && !server.admits) return undefined
      const { upstream } = names
      const value: unknown = Reflect.get(upstream, name, upstream)
      if (typeof value !== 'function') return value
      let method = methods.get(name)
      if (method === undefined) {
        const asks = own.get(name) ?? ((...args: unknown[]) => names.call(name, args))
        method = starts(name) ? starting(server, options.label, asks) : asks
        methods.set(name, method)
      }
      return method
    },
  })
}

function starts(name: PropertyKey): boolean {
  return Object.hasOwn(NEEDS, name) && NEEDS[name as MethodName] === 'starts'
}

/** The method, called once the server is ready, which is in use until it has answered. */
function starting(server: ManagedServer, label: string, method: Method): Method {
  return async (...args) => {
    const signal = args.find((each) => each instanceof AbortSignal)
    if (signal === undefined) throw new TypeError('what starts a server takes a signal')
    const { onStart } = (args.at(-1) ?? {}) as CallOptions
    const model = args.map(modelIn).find((each) => each !== undefined) ?? label
    await server.enter({ signal, model, onStart })
    try {
      return await method(...args)
    } finally {
      server.leave()
    }
  }
}

/** The methods that do something else where the server does not run. */
function ownMethods(server: ManagedServer, names: ListedNames, options: UpstreamOptions) {
  const listing = new ModelListing(server, names, options)
  const ifRunning =
    (name: MethodName, otherwise: () => Promise<undefined>): Method =>
    (...args) =>
      server.port === undefined ? otherwise() : names.call(name, args)
  const models: Engine['models'] = (signal, call) => listing.models(signal, call)
  const sizedModels: Engine['sizedModels'] = (signal, call) => listing.sizedModels(signal, call)
  return new Map<PropertyKey, Method>([
    ['models', models as Method],
    ['sizedModels', sizedModels as Method],
    ['askOllama', ifRunning('askOllama', () => Promise.resolve(undefined))],
    ['countTokens', ifRunning('countTokens', () => Promise.reject(notStarted(options.label)))],
  ])
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

  /** Calls a method under the names that the server knows now. */
  call(name: PropertyKey, args: unknown[]): unknown {
    const { upstream } = this
    return Reflect.apply(Reflect.get(upstream, name, upstream) as Method, upstream, args)
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
    if (this.#isRunning) {
      // A server that is busy with a long prompt may list nothing in time.
      this.#known = await this.#names.upstream.models(signal, call).catch(() => this.#known)
    }
    return this.#all()
  }

  /** Undefined where the server does not run, or tells no more than its list does. */
  async sizedModels(signal: AbortSignal, call?: CallOptions): Promise<Model[] | undefined> {
    if (!this.#isRunning) return undefined
    const sized = await this.#names.upstream.sizedModels(signal, call)
    if (sized === undefined) return undefined
    this.#known = sized
    return this.#all()
  }

  get #isRunning(): boolean {
    return this.#server.port !== undefined
  }

  #all(): Model[] {
    const { models: patterns = [] } = this.#options
    const declared = patterns
      .filter((name) => !name.includes('*'))
      .map((id) => this.#known.find((model) => model.id === id) ?? this.#plain(id))
    const others = this.#known.filter(
      ({ id }) => namesModel(patterns, id) && !patterns.includes(id),
    )
    return [...declared, ...others].map((model) => ({
      ...model,
      loaded: this.#isRunning && model.loaded !== false,
    }))
  }

  #plain(id: string): Model {
    return { id, object: 'model', created: this.#created, owned_by: this.#options.label }
  }
}
