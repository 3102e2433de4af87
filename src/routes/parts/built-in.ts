import { createStatic } from '../../engines/static/static.ts'
import { builtIn as settings } from '../../settings/table/of-parts.ts'
import type { HandlerPart } from './part.ts'

/** The model `static`, which answers with one fixed text and needs no server. */
export const builtIn = { name: 'builtIn', settings, createStatic } satisfies HandlerPart
