import { balancing as spreading } from '../../engines/pool/balancing.ts'
import { balancing as settings } from '../../settings/table/of-parts.ts'
import type { HandlerPart } from './part.ts'

/** The least busy upstream first, limits of their concurrency with a fair queue, and circuit breakers. */
export const balancing = { name: 'balancing', settings, balancing: spreading } satisfies HandlerPart
