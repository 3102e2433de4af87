/** The most parsed URLs: enough for the paths of some hundred upstreams. */
const MAX_URLS = 1000

/**
 * Caches parsed URLs, so that the few addresses of upstreams are parsed once and not per request.
 */
export class UrlCache {
  readonly #urls = new Map<string, URL>()
  readonly #maxUrls: number

  constructor(maxUrls: number = MAX_URLS) {
    this.#maxUrls = maxUrls
  }

  get size(): number {
    return this.#urls.size
  }

  /** Throws a `TypeError` where the address is not a URL. */
  parse(address: string): URL {
    const known = this.#urls.get(address)
    if (known !== undefined) return known
    const url = new URL(address)
    // Not cached with a query, which may come from a client and differ in every request.
    if (address.includes('?')) return url
    const [oldest] = this.#urls.keys()
    if (this.#urls.size >= this.#maxUrls && oldest !== undefined) this.#urls.delete(oldest)
    this.#urls.set(address, url)
    return url
  }
}
