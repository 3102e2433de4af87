/** Looks for well-known local servers, on this machine's loopback address alone. */
import { wellKnownPorts } from '../settings/upstreams.ts'
import type { Engine, Model } from './engine.ts'
import { Upstream, type UpstreamOptions } from './upstream.ts'

/** Milliseconds a server on this machine may take to list its models. */
const PATIENCE = 300

/** Who owns its models tells apart the servers that share a port. */
const OWNERS: Record<string, string> = {
  llamacpp: 'llama-server',
  library: 'ollama',
  sglang: 'sglang',
  vllm: 'vllm',
}

export interface Discovery {
  /** The servers that answer now, with their models; one that is busy stays if it was known. */
  look(signal: AbortSignal): Promise<{ engine: Engine; models: Model[] }[]>
}

export interface DiscoveryOptions
  extends Pick<
    UpstreamOptions,
    'fetch' | 'reasoning' | 'thinkTags' | 'systemMessages' | 'streams'
  > {
  /** Whether the `[DONE]` of the server with this label or URL counts as a finish. */
  lenient: readonly string[]
  /** URLs of upstreams that are known anyway. */
  known: readonly string[]
  /** Labels that are taken. */
  labels?: readonly string[]
  ports?: Readonly<Record<string, string>>
}

interface Server {
  engine: Engine
  models: Model[]
}

export function createDiscovery(options: DiscoveryOptions): Discovery {
  const { known, labels = [], lenient, ports = wellKnownPorts, ...shared } = options
  const found = new Map<string, Server>()

  async function probe(port: string, name: string, signal: AbortSignal): Promise<void> {
    const url = `http://127.0.0.1:${port}/v1`
    const isKnown = known.some((each) => isHere(new URL(each), port))
    if (isKnown) return
    const make = (label: string) =>
      new Upstream({
        ...shared,
        url,
        label,
        lenient: lenient.includes(label) || lenient.includes(url),
      })
    const patience = AbortSignal.timeout(PATIENCE)
    const stop = AbortSignal.any([signal, patience])
    try {
      const before = found.get(url)
      const models = await (before?.engine ?? make(name)).models(stop)
      found.set(url, { engine: before?.engine ?? make(freeLabel(labelOf(name, models))), models })
    } catch {
      // Busy is not gone: a server that loads a model may be too busy to list its models.
      if (!patience.aborted) found.delete(url)
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
    async look(signal) {
      await Promise.all(Object.entries(ports).map(([port, name]) => probe(port, name, signal)))
      return [...found.values()]
    },
  }
}

function isHere(url: URL, port: string): boolean {
  return url.port === port && /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname)
}

/** Who it is: LocalAI and llama-server share a port, and others may have moved to it. */
function labelOf(name: string, models: Model[]): string {
  const owner = models[0]?.owned_by ?? ''
  if (Object.hasOwn(OWNERS, owner)) return OWNERS[owner] as string
  return name === 'llama-server' && models.length > 0 ? 'localai' : name
}
