import type { Engine } from '../../../../src/engines/engine.ts'
import { Catalog, type CatalogOptions } from '../../../../src/engines/registry/catalog.ts'
import { createRouter } from '../../../../src/engines/registry/router.ts'
import { createStatic } from '../../../../src/engines/static/static.ts'
import { ApiError } from '../../../../src/wire/errors/api-error.ts'

export const own = createStatic({ staticText: 'A text.', staticDelay: 0 })

/** An engine that only lists models; `ids` may be changed, and undefined means out of reach. */
export function engine(label: string, ...ids: string[]) {
  const listing = { ids: ids as string[] | undefined, asked: 0 }
  const made: Engine & typeof listing = Object.assign(listing, {
    label,
    isServer: true,
    async models() {
      made.asked++
      if (made.ids === undefined) throw new ApiError(502, 'down', { code: 'upstream_unreachable' })
      return made.ids.map((id) => ({ id, object: 'model' as const, created: 1, owned_by: label }))
    },
    chat: () => Promise.reject(new Error('no test asks for a chat')),
  })
  return made
}

export function router(
  upstreams: Engine[],
  defaultModel?: string,
  more: Partial<CatalogOptions> = {},
) {
  const catalog = new Catalog({ engines: upstreams, static: own, isolateRequests: false, ...more })
  return createRouter(catalog, defaultModel)
}

export async function picked(from: ReturnType<typeof router>, model?: string | null) {
  const [route] = await from.pick(model, undefined)
  return `${route.engine.label} ${route.model}`
}
