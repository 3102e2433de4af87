import type { Activity } from './schema.ts'

/** Whether it only asks for a list or the like, as clients do all the time, and nothing is wrong with it. */
export function isList({ method, outcome = 'ok' }: Pick<Activity, 'method' | 'outcome'>): boolean {
  return method === 'GET' && outcome === 'ok'
}
