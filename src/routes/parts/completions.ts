import { completing } from '../../engines/upstream/abilities.ts'
import { ask, entries } from '../table-entry.ts'
import type { HandlerPart } from './part.ts'

const module = () => import('../completions.ts')

/** `POST /v1/completions` */
export const completions = {
  name: 'completions',
  abilities: [completing],
  routes: entries({
    createCompletion: ask('/v1/completions', 'TextRequest', 'TextCompletion', module),
  }),
} satisfies HandlerPart
