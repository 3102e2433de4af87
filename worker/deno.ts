/**
 * What web-llm misses in a Deno worker. Nothing is changed elsewhere, and nothing outside the
 * worker: the server keeps its `process`.
 */
export function prepareDeno(): void {
  if (!('Deno' in globalThis)) return
  // Its runtime would take Node's way through `require` where it sees a process.
  Reflect.deleteProperty(globalThis, 'process')
  if ('add' in Cache.prototype) return
  Object.defineProperty(Cache.prototype, 'add', { value: add })
}

/** `Cache.add`, which Deno does not have yet. */
async function add(this: Cache, asked: RequestInfo): Promise<void> {
  const response = await fetch(asked)
  if (!response.ok) {
    const url = asked instanceof Request ? asked.url : asked
    throw new TypeError(`${url} answered ${response.status}`)
  }
  await this.put(asked, response)
}
