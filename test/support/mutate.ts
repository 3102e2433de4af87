import fc from 'fast-check'

/** One thing of a JSON value is taken out, doubled or made something else. */
export const mutation = fc.record({
  at: fc.nat(),
  how: fc.constantFrom('drop', 'wrap', 'set'),
  to: fc.jsonValue(),
})

export function mutate(
  value: unknown,
  mutations: { at: number; how: string; to: unknown }[],
): unknown {
  const root: Record<string, unknown> = { value: structuredClone(value) }
  for (const { at, how, to } of mutations) {
    const places: [Record<string, unknown>, string][] = []
    collect(root, places)
    const [holder, key] = places[at % places.length] ?? [root, 'value']
    if (how === 'drop') delete holder[key]
    // A copy: what is put in twice could come to hold itself.
    else holder[key] = how === 'wrap' ? [holder[key], holder[key]] : structuredClone(to)
  }
  return root.value
}

function collect(value: unknown, places: [Record<string, unknown>, string][]): void {
  if (typeof value !== 'object' || value === null) return
  for (const key of Object.keys(value)) {
    places.push([value as Record<string, unknown>, key])
    collect((value as Record<string, unknown>)[key], places)
  }
}
