/**
 * Adds what web-llm needs and a Deno worker lacks. Only this worker's globals change: the server keeps
 * its `process`. Does nothing in a browser.
 */
export function prepareDeno(): void {
  if (!('Deno' in globalThis)) return
  // web-llm's runtime takes a `process` for a sign of Node, and would call `require`.
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
