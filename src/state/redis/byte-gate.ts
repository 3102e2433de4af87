/**
 * Lets so many bytes be on their way at once; who asks for more waits for its turn. Without it, all runs that send
 * again what was not stored, when a server is back, would make each other's calls too late.
 */
export class ByteGate {
  #free: number
  readonly #waiting: { bytes: number; go: () => void }[] = []
  readonly #most: number

  constructor(most: number) {
    this.#most = most
    this.#free = most
  }

  /** Runs a call of so many bytes. One of more than there may be runs alone. */
  async run<T>(bytes: number, call: () => Promise<T>): Promise<T> {
    const taken = Math.min(bytes, this.#most)
    if (this.#waiting.length > 0 || taken > this.#free) {
      await new Promise<void>((go) => this.#waiting.push({ bytes: taken, go }))
    } else {
      this.#free -= taken
    }
    try {
      return await call()
    } finally {
      this.#free += taken
      this.#next()
    }
  }

  #next(): void {
    for (
      let first = this.#waiting[0];
      first && first.bytes <= this.#free;
      first = this.#waiting[0]
    ) {
      this.#waiting.shift()
      this.#free -= first.bytes
      first.go()
    }
  }
}
