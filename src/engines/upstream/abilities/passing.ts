import type { Ability } from '../chat-upstream.ts'
import { PassThrough } from '../pass.ts'

/** Forwards requests that sluice does not read. */
export const passing = ((upstream) => {
  const { pass, lacks } = new PassThrough(upstream.client, upstream.names, upstream.listed)
  return { pass, lacks }
}) satisfies Ability
