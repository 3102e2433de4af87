/** Addresses of upstreams that were parsed, so that the few that are asked all the time are parsed once. */

/** The paths of some hundred upstreams' APIs. */
const MAX_URLS = 1000

export class UrlCache {
  readonly #urls = new Map<string, URL>()
  readonly #maxUrls: number

  constructor(most: number = MAX_URLS) {
    this.#maxUrls = most
  }

  get size(): number {
    return this.#urls.size
  }

  /** Throws a `TypeError` where it is none. */
  parse(address: string): URL {
    const known = this.#urls.get(address)
    if (known !== undefined) return known
    const url = new URL(address)
    // A query may be a client's own words: each would be remembered, and none asked for again.
    if (address.includes('?')) return url
    const [oldest] = this.#urls.keys()
    if (this.#urls.size >= this.#maxUrls && oldest !== undefined) this.#urls.delete(oldest)
    this.#urls.set(address, url)
    return url
  }
}
