import type { RedisClient } from './client.ts'

/** Who wants the messages of which channel. They outlive the connection: each new one subscribes to all. */
export class Subscriptions {
  readonly #channels = new Map<string, Set<(message: string) => void>>()
  #client: RedisClient | undefined

  add(channel: string, onMessage: (message: string) => void): () => void {
    // Two may pass the same function.
    const listener = (message: string) => onMessage(message)
    const known = this.#channels.get(channel)
    if (known) known.add(listener)
    else {
      this.#channels.set(channel, new Set([listener]))
      this.#subscribe(channel)
    }
    return () => this.#remove(channel, listener)
  }

  /** Subscribes to all channels on a new connection. */
  attach(client: RedisClient): void {
    this.#client = client
    for (const channel of this.#channels.keys()) this.#subscribe(channel)
  }

  /** The connection was lost. */
  detach(): void {
    this.#client = undefined
  }

  #subscribe(channel: string): void {
    // One that fails is made up for by the next connection; until then its listeners look by themselves.
    this.#client
      ?.subscribe(channel, (message) => {
        for (const listener of this.#channels.get(channel) ?? []) listener(message)
      })
      .catch(() => {})
  }

  #remove(channel: string, listener: (message: string) => void): void {
    const listeners = this.#channels.get(channel)
    if (!listeners?.delete(listener) || listeners.size > 0) return
    this.#channels.delete(channel)
    this.#client?.unsubscribe(channel).catch(() => {})
  }
}
