import type { Dial, Socket, SocketEvents } from '../../transport/http1/socket.ts'

type Native = Bun.Socket<BunSocket>

/** Connects with Bun's own sockets, which take less time for each packet than `node:net`. */
export const dial: Dial = async (hostname, port, events) => {
  const data = new BunSocket(events)
  // Bun's types allow `connect` only with the `binaryType` `buffer`.
  const socket = handlers as unknown as Bun.SocketHandler<BunSocket>
  const native = await Bun.connect<BunSocket>({ hostname, port, data, socket })
  data.native = native
  native.setNoDelay(true)
  return data
}

const handlers: Bun.SocketHandler<BunSocket, 'uint8array'> = {
  binaryType: 'uint8array',
  data: ({ data }, bytes) => data.events.packet(bytes as Uint8Array<ArrayBuffer>),
  drain: ({ data }) => data.drain(),
  end: ({ data }) => data.end(),
  close: ({ data }) => data.close(),
  timeout: ({ data }) => data.destroy(),
  error() {},
}

class BunSocket implements Socket {
  native: Native | undefined
  readonly events: SocketEvents
  /** What the socket's buffer had no room for. */
  readonly #unsent: Uint8Array[] = []
  #hasEnded = false

  constructor(events: SocketEvents) {
    this.events = events
  }

  get isFlushed(): boolean {
    return this.#unsent.length === 0
  }

  write(bytes: Uint8Array): void {
    this.#unsent.push(bytes)
    if (this.#unsent.length === 1) this.drain()
  }

  drain(): void {
    for (let bytes = this.#unsent[0]; bytes !== undefined; bytes = this.#unsent[0]) {
      const taken = Math.max(0, this.native?.write(bytes) ?? 0)
      if (taken < bytes.length) {
        this.#unsent[0] = bytes.subarray(taken)
        return
      }
      this.#unsent.shift()
    }
  }

  pause(): void {
    this.native?.pause()
  }

  resume(): void {
    this.native?.resume()
  }

  setIdle(ms: number): void {
    this.native?.unref()
    this.native?.timeout(Math.ceil(ms / 1000))
  }

  setActive(): void {
    this.native?.ref()
    this.native?.timeout(0)
  }

  end(): void {
    this.#hasEnded = true
  }

  close(): void {
    this.native = undefined
    this.events.close(this.#hasEnded)
  }

  destroy(): void {
    this.native?.terminate()
  }
}
