// A way between an instance and its store that can be cut, held up and slowed down.

import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

export interface TcpProxy extends AsyncDisposable {
  port: number
  /** Connections stay open, but nothing passes; new ones are taken and stay silent. */
  hold(): void
  /** Connections are reset, and new ones refused by a reset. */
  cut(): void
  /** All passes again. */
  heal(): void
  /** Milliseconds by which what the store sends is late, up to twice as much. */
  delay: number
}

/** Passes connections on to a port of 127.0.0.1. */
export async function startTcpProxy(to: number): Promise<TcpProxy> {
  let state: 'open' | 'held' | 'cut' = 'open'
  const pairs = new Set<[Socket, Socket]>()
  const server = createServer((near) => {
    near.on('error', () => {})
    if (state === 'cut') return void near.resetAndDestroy()
    const far = connect(to, '127.0.0.1').on('error', () => near.destroy())
    const pair: [Socket, Socket] = [near, far]
    pairs.add(pair)
    for (const [one, other] of [pair, [far, near] as const]) {
      one.on('close', () => {
        pairs.delete(pair)
        other.destroy()
      })
    }
    near.on('data', (bytes) => void far.write(bytes))
    let last = Promise.resolve()
    far.on('data', (bytes) => {
      const late = proxy.delay === 0 ? 0 : proxy.delay * (1 + Math.random())
      const at = performance.now() + late
      // In order, whatever each one's delay is.
      last = last.then(() => until(at)).then(() => void near.write(bytes))
    })
    if (state === 'held') for (const socket of pair) socket.pause()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const proxy: TcpProxy = {
    port: (server.address() as AddressInfo).port,
    delay: 0,
    hold() {
      state = 'held'
      for (const socket of [...pairs].flat()) socket.pause()
    },
    cut() {
      state = 'cut'
      for (const socket of [...pairs].flat()) socket.resetAndDestroy()
    },
    heal() {
      state = 'open'
      for (const socket of [...pairs].flat()) socket.resume()
    },
    async [Symbol.asyncDispose]() {
      for (const socket of [...pairs].flat()) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return proxy
}

async function until(at: number): Promise<void> {
  const ms = at - performance.now()
  if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms))
}
