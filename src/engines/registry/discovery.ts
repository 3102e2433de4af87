/** Looks for well-known local servers, on this machine's loopback address alone. */
import type { PerUpstream } from '../../settings/per-upstream.ts'
import { wellKnownPorts } from '../../settings/upstreams.ts'
import { type ApiError, toApiError } from '../../wire/errors/api-error.ts'
import type { CallOptions, Engine, Model } from '../engine.ts'
import { isLoading } from '../upstream/model-loading.ts'
import { Upstream, type UpstreamOptions } from '../upstream/upstream.ts'

/** Milliseconds a server on this machine may take to list its models. */
const PROBE_TIMEOUT = 300

/** Who owns its models tells apart the servers that share a port. */
const SERVER_BY_OWNER: Record<string, string> = {
  llamacpp: 'llama-server',
  library: 'ollama',
  sglang: 'sglang',
  sluice: 'sluice',
  vllm: 'vllm',
}

export interface Discovery {
  /**
   * The servers that answer now, with their models, and those that did before: a server that
   * restarts or loads a model is still the one that serves its models.
   */
  probeAll(signal: AbortSignal, options?: CallOptions): Promise<DiscoveredServer[]>
}

export interface DiscoveryOptions
  extends Pick<UpstreamOptions, 'fetch' | 'finishes' | PerUpstream> {
  /** Labels or URLs of servers whose finish reason is optional. */
  lenient: readonly string[]
  /** URLs of upstreams that are known anyway. */
  known: readonly string[]
  /** Labels that are taken. */
  labels?: readonly string[]
  ports?: Readonly<Record<string, string>>
  /** What was found before, and where it is kept what is found, by URL. */
  seen?: DiscoveredServers
}

/** Servers that were found: handed on where a handler follows another, with other settings. */
export type DiscoveredServers = Map<string, { label: string; kind: string; models: Model[] }>

/** A server that was found. */
export interface DiscoveredServer {
  engine: Engine
  /** What it serves, or served when it last answered. */
  models: Model[]
  /** Why it does not answer now. */
  error?: ApiError
}

interface KnownServer extends DiscoveredServer {
  /** What it was taken for. */
  kind: string
}

export function createDiscovery(options: DiscoveryOptions): Discovery {
  const { known, labels = [], lenient, ports = wellKnownPorts, seen, ...shared } = options
  const found = new Map<string, KnownServer>()
  for (const [url, { label, ...server }] of seen ?? []) {
    if (!isTaken(new URL(url).port))
      found.set(url, { ...server, engine: createEngine(url, freeLabel(label)) })
  }

  function isTaken(port: string): boolean {
    return known.some((each) => isLoopbackPort(new URL(each), port))
  }

  function createEngine(url: string, label: string): Engine {
    const isLenient = lenient.includes(label) || lenient.includes(url)
    const finish = isLenient ? ({ finishReason: 'optional' } as const) : {}
    return new Upstream({ ...shared, url, label, isDiscovered: true, ...finish })
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
    const patience = AbortSignal.timeout(PROBE_TIMEOUT)
    const stop = AbortSignal.any([signal, patience])
    const before = found.get(url)
    try {
      const models = await (before?.engine ?? createEngine(url, name)).models(stop, call)
      const kind = serverName(name, models)
      // Another server may have taken the port of one that went.
      const isSame = before && (!before.error || before.kind === kind || models.length === 0)
      if (!isSame) {
        found.delete(url)
        shared.finishes?.delete(url)
      }
      const engine = isSame ? before.engine : createEngine(url, freeLabel(kind))
      remember(url, { engine, models, kind: isSame ? before.kind : kind })
    } catch (cause) {
      const error = toApiError(cause)
      // A server that loads a model may be too busy to list its models: then it stays as it was.
      if (patience.aborted) return
      if (before !== undefined) found.set(url, { ...before, error })
      else if (isLoading(error)) {
        remember(url, { engine: createEngine(url, freeLabel(name)), models: [], kind: name, error })
      }
    }
  }

  /** Two servers of one kind are told apart by a number. */
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

/** Who it is: LocalAI and llama-server share a port, and others may have moved to it. */
function serverName(name: string, models: Model[]): string {
  const owner = models[0]?.owned_by ?? ''
  if (Object.hasOwn(SERVER_BY_OWNER, owner)) return SERVER_BY_OWNER[owner] as string
  return name === 'llama-server' && models.length > 0 ? 'localai' : name
}
