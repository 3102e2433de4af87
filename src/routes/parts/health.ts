import { entries, get } from '../table-entry.ts'
import type { HandlerPart } from './part.ts'

const module = () => import('../health.ts')

/** `GET /health` */
export const health = {
  name: 'health',
  routes: entries({
    health: get('open', '/health', 'Health', module),
    ready: get('open', '/health/ready', 'Health', module),
  }),
} satisfies HandlerPart
