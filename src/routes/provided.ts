/** What a part adds to the handler: the routes of the part are there only together with it. */
export function provided<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('a route is served without the part that it belongs to')
  return value
}
