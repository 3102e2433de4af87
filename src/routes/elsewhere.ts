import type { Caller } from '../guard/caller.ts'

/**
 * Answers a request elsewhere, if that is to be: in a Durable Object of its own. Decided when its body is
 * read, before anything is counted; whoever answers it counts it, and tells of it.
 */
export type Elsewhere = (
  request: Request,
  body: unknown,
  trace: { caller: Caller | undefined },
) => Promise<Response | undefined>
