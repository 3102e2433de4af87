import { always, entries, get } from '../table-entry.ts'
import type { HandlerPart } from './part.ts'

const module = () => import('../usage.ts')

/** `GET /v1/usage`: what keys have used. */
export const usage = {
  name: 'usage',
  routes: entries({
    retrieveUsage: always(get('key', '/v1/usage', ['KeyUsage', 'KeyUsageList'], module)),
  }),
} satisfies HandlerPart
