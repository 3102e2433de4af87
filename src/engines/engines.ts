import { type Host, isWorkerd } from '../host.ts'
import type { Settings } from '../settings.ts'
import { Catalog } from './catalog.ts'
import { createDiscovery } from './discovery.ts'
import { createRouter, type Router } from './router.ts'
import { createStatic } from './static.ts'
import { Upstream } from './upstream.ts'

/** The engines that the settings ask for, and who picks among them. */
export function createEngines(
  settings: Settings,
  host: Host,
): { catalog: Catalog; router: Router } {
  const shared = {
    fetch: host.fetch ?? ((input, init) => fetch(input, init)),
    reasoning: settings.reasoning === 'keep' ? undefined : settings.reasoning,
  } as const
  const known = settings.upstream.map(({ url }) => url)
  const labels = settings.upstream.map(({ label }) => label)
  const catalog = new Catalog({
    engines: [
      ...(host.engines ?? []),
      ...settings.upstream.map((upstream) => new Upstream({ ...upstream, ...shared })),
    ],
    static: createStatic(settings),
    discovery: settings.discover
      ? createDiscovery({ ...shared, lenient: settings.lenient, known, labels })
      : undefined,
    isolateRequests: host.isolateRequests ?? isWorkerd(),
  })
  return { catalog, router: createRouter(catalog, settings.model) }
}
