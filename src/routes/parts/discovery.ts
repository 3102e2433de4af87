import { createDiscovery } from '../../engines/registry/discovery.ts'
import { discovery as settings } from '../../settings/table/of-parts.ts'
import type { HandlerPart } from './part.ts'

/** Local servers that are found at their well-known ports. */
export const discovery = {
  name: 'discovery',
  settings,
  discover: createDiscovery,
} satisfies HandlerPart
