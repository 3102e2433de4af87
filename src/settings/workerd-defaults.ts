/**
 * Defaults on workerd, in milliseconds. Its HTTP server keeps a connection half-open after the client
 * has closed it, and tells the worker only when a write is answered by a reset. So neither the headers
 * of a stream nor two of its writes may be further apart than an abandoned upstream may stay open.
 */
export const WORKERD_DEFAULTS = { heartbeat: 2_000, headerWait: 2_000 } as const
