/** Discovers local servers at their well-known ports, on this machine's loopback address only. */
import type { PerUpstream } from '../../settings/per-upstream.ts'
import { wellKnownPorts } from '../../settings/upstreams.ts'
import { type ApiError, toApiError } from '../../wire/errors/api-error.ts'
import type { CallOptions, Engine, Model } from '../engine.ts'
import { type Ability, ChatUpstream, type UpstreamOptions } from '../upstream/chat-upstream.ts'
import { isLoading } from '../upstream/model-loading.ts'
import { serverKindOf } from '../upstream/server-kind.ts'

/** Milliseconds a local server may take to list its models. */
const PROBE_TIMEOUT = 300

export interface Discovery {
  /**
   * Probes all ports. Resolves with the servers that answer now and those that answered before: a
   * server that restarts or loads a model keeps its models, so that no other engine gets their
   * requests.
   */
  probeAll(signal: AbortSignal, options?: CallOptions): Promise<DiscoveredServer[]>
}

export interface DiscoveryOptions
  extends Pick<UpstreamOptions, 'fetch' | 'finishes' | 'isolateRequests' | PerUpstream> {
  /** What they can do beyond chats. */
  abilities?: readonly Ability[] | undefined
  /** Labels or URLs of servers whose finish reason is optional. */
  lenient: readonly string[]
  /** URLs of configured upstreams, which are not probed. */
  known: readonly string[]
  /** The addresses of this server, which are not probed. More may come while it runs. */
  own?: readonly string[] | undefined
  /** Labels of configured upstreams, which a discovered server must not get. */
  labels?: readonly string[]
  ports?: Readonly<Record<string, string>>
  /** Servers discovered before, by URL; new ones are added to it. */
  seen?: DiscoveredServers
}

/** Discovered servers by URL; kept when the settings are reloaded. */
export type DiscoveredServers = Map<string, { label: string; kind: string; models: Model[] }>

/** A discovered server. */
export interface DiscoveredServer {
  engine: Engine
  /** Its models when it last answered. */
  models: Model[]
  /** Why it did not answer the latest probe. */
  error?: ApiError
}

interface KnownServer extends DiscoveredServer {
  /** The kind of server, `ollama` for example. */
  kind: string
}

export function createDiscovery({ abilities, ...options }: DiscoveryOptions): Discovery {
  const { known, own = [], labels = [], lenient, ports = wellKnownPorts, seen, ...shared } = options
  const found = new Map<string, KnownServer>()
  for (const [url, { label, ...server }] of seen ?? []) {
    if (!isTaken(new URL(url).port))
      found.set(url, { ...server, engine: createEngine(url, freeLabel(label)) })
  }

  function isTaken(port: string): boolean {
    return [...known, ...own].some((each) => isLoopbackPort(new URL(each), port))
  }

  function createEngine(url: string, label: string): Engine {
    const isLenient = lenient.includes(label) || lenient.includes(url)
    const finish = isLenient ? ({ finishReason: 'optional' } as const) : {}
    return new ChatUpstream({ ...shared, url, label, isDiscovered: true, ...finish }, abilities)
  }

  function remember(url: string, server: KnownServer): void {
    found.set(url, server)
    const { engine, kind, models } = server
    seen?.set(url, { label: engine.label, kind, models })
  }

  async function probe(
    port: string,
    name: string,
    signal: AbortSignal,
    call: CallOptions,
  ): Promise<void> {
    const url = `http://127.0.0.1:${port}/v1`
    if (isTaken(port)) return
    const timeout = AbortSignal.timeout(PROBE_TIMEOUT)
    const stop = AbortSignal.any([signal, timeout])
    const before = found.get(url)
    try {
      const models = await (before?.engine ?? createEngine(url, name)).models(stop, call)
      const kind = discoveredKind(name, models)
      // After a failure, another kind of server may have taken the port.
      const isSame = before && (!before.error || before.kind === kind || models.length === 0)
      if (!isSame) {
        found.delete(url)
        shared.finishes?.delete(url)
      }
      const engine = isSame ? before.engine : createEngine(url, freeLabel(kind))
      remember(url, { engine, models, kind: isSame ? before.kind : kind })
    } catch (cause) {
      const error = toApiError(cause)
      // A server that loads a model may be too busy to list its models: its entry stays unchanged.
      if (timeout.aborted) return
      if (before !== undefined) found.set(url, { ...before, error })
      else if (isLoading(error)) {
        remember(url, { engine: createEngine(url, freeLabel(name)), models: [], kind: name, error })
      }
    }
  }

  /** A label that is still free: further servers of one kind get a number. */
  function freeLabel(label: string): string {
    const taken = new Set([...found.values()].map(({ engine }) => engine.label).concat(labels))
    let free = label
    for (let count = 2; taken.has(free); count++) free = `${label}-${count}`
    return free
  }

  return {
    async probeAll(signal, call = {}) {
      const probing = Object.entries(ports).map(([port, name]) => probe(port, name, signal, call))
      await Promise.all(probing)
      return [...found.values()]
    },
  }
}

function isLoopbackPort(url: URL, port: string): boolean {
  return url.port === port && /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname)
}

/** The kind of a server that is found at a port: LocalAI and llama-server share one. */
function discoveredKind(name: string, models: Model[]): string {
  const isOther = name === 'llama-server' && models.length > 0
  return serverKindOf(models) ?? (isOther ? 'localai' : name)
}
