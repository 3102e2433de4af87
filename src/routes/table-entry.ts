/** How a route is declared: what the router, preflight answers and OpenAPI derive from. */
import type { HandlerModule } from './route.ts'

/**
 * - `open`: anyone. Its answer may show more to callers with a key, and to admins.
 * - `key`: whoever has a key, where the server has keys.
 * - `admin`: a key with `admin: true`; where there are no keys, a program on this machine.
 * - `offer`: a key with `offers: true`, which may use no other route that needs a key; where there are no keys, a
 *   page or program on this machine.
 * - `metrics`: the same, and a key with `metrics: true`, which may use no other route that needs a key.
 */
export type Access = 'open' | 'key' | 'admin' | 'metrics' | 'offer'

export interface TableEntry {
  access: Access
  method: 'get' | 'post' | 'delete' | 'head'
  /** In the router's syntax: `:id+` may hold slashes. */
  path: string
  /** The schema of the body, by its name in the OpenAPI document. */
  request?: string | undefined
  /** The schema of a JSON answer; several where a header chooses; else the content type. */
  answer: string | readonly string[]
  /** Whether an engine is asked: such a request is counted with what it asks for, once that is known. */
  asksEngine?: boolean
  /** Whether it is answered though a quota of a day or month is used up: it looks at that, or stops what runs. */
  isBeyondQuotas?: boolean
  module: HandlerModule<never>
}

/** Routes by their operation ids. */
export type Routes = Readonly<Record<string, TableEntry>>

export type RouteEntry<Module> = Omit<TableEntry, 'module'> & { module: Module }

/** Each module must export a handler under the id of its route. */
export function entries<
  Entries extends { [Id in keyof Entries]: RouteEntry<HandlerModule<Id & string>> },
>(given: Entries): Record<keyof Entries, TableEntry> {
  return given as never
}

export type RouteAnswer = TableEntry['answer']

export function get<M>(
  access: Access,
  path: string,
  answer: RouteAnswer,
  module: M,
): RouteEntry<M> {
  return { access, method: 'get', path, answer, module }
}

export function remove<M>(
  access: Access,
  path: string,
  answer: RouteAnswer,
  module: M,
): RouteEntry<M> {
  return { access, method: 'delete', path, answer, module }
}

export function head<M>(
  access: Access,
  path: string,
  answer: RouteAnswer,
  module: M,
): RouteEntry<M> {
  return { access, method: 'head', path, answer, module }
}

/** A request that an engine answers. */
export function ask<M>(
  path: string,
  request: string | undefined,
  answer: RouteAnswer,
  module: M,
): RouteEntry<M> {
  return asking(post('key', path, request, answer, module))
}

/** A request that no quota of a day or month refuses. */
export function always<M>(entry: RouteEntry<M>): RouteEntry<M> {
  return { ...entry, isBeyondQuotas: true }
}

export function asking<M>(entry: RouteEntry<M>): RouteEntry<M> {
  return { ...entry, asksEngine: true }
}

export function post<M>(
  access: Access,
  path: string,
  request: string | undefined,
  answer: RouteAnswer,
  module: M,
): RouteEntry<M> {
  return { access, method: 'post', path, request, answer, module }
}
