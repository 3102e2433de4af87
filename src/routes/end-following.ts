import type { RouteContext } from './route.ts'

/**
 * Ends the streams that clients open again by themselves, as a handler stops. `isLeaving`: whether it is the
 * server that stops; it is not where another handler takes over after a reload.
 */
export function endFollowing(
  { isolates, feeds, responses }: RouteContext,
  isLeaving: (() => boolean) | undefined,
): void {
  // On workerd each sees by itself that it has to end.
  if (isolates) return
  for (const feed of feeds) feed.end()
  // What its runs write from now on is read at another instance.
  if (isLeaving?.() !== false) responses.runs?.move()
}
