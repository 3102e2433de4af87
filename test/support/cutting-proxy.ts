import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** A TCP proxy that loses the connections of clients on cue, as a network does. */
export interface CuttingProxy extends AsyncDisposable {
  /** `http://127.0.0.1:PORT` */
  url: string
  /** The API's root. */
  base: string
  /** How many connections were lost so far. */
  cuts: number
  /** The port of the server that later connections reach. */
  target: number
  /** Bytes of the answer after which a connection is lost; asked for each connection. */
  lengthOf: () => number
  /** Whether connections are refused. */
  isDown: boolean
  /** Loses every open connection. */
  cut(): void
}

/** Starts one in front of a server at 127.0.0.1. It loses nothing until it is told to. */
export async function startCuttingProxy(target: number): Promise<CuttingProxy> {
  const open = new Set<Socket>()
  const server = createServer((client) => {
    if (proxy.isDown) {
      client.destroy()
      return
    }
    pass(client, proxy, open)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const proxy: CuttingProxy = {
    url,
    base: `${url}/v1`,
    cuts: 0,
    target,
    lengthOf: () => Number.POSITIVE_INFINITY,
    isDown: false,
    cut() {
      proxy.cuts += open.size
      for (const client of open) client.destroy()
    },
    async [Symbol.asyncDispose]() {
      server.close()
      for (const client of open) client.destroy()
    },
  }
  return proxy
}

function pass(client: Socket, proxy: CuttingProxy, open: Set<Socket>): void {
  const server = connect(proxy.target, '127.0.0.1')
  let left = proxy.lengthOf()
  open.add(client)
  for (const socket of [client, server]) {
    socket.on('error', () => {})
    socket.on('close', () => {
      open.delete(client)
      client.destroy()
      server.destroy()
    })
  }
  client.on('data', (bytes) => void server.write(bytes))
  server.on('data', (bytes) => {
    if (bytes.length <= left) {
      left -= bytes.length
      client.write(bytes)
      return
    }
    proxy.cuts++
    // What was written before has to arrive: a reset would overtake it.
    client.end(bytes.subarray(0, left), () => client.destroy())
    server.destroy()
  })
}
