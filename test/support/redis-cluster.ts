// Six servers of Redis as a cluster: three masters, and a replica of each.

import { setTimeout as sleep } from 'node:timers/promises'
import { type RedisProcess, startRedis } from './redis.ts'
import { closedPort } from './upstream.ts'

export interface RedisCluster extends AsyncDisposable {
  servers: RedisProcess[]
  /** Names two of them: `redis+cluster://…`. */
  url: string
  /** The master that keeps a key. */
  masterOf(key: string): RedisProcess
  stop(): Promise<void>
}

/** One takes over from another that is gone in about two seconds. */
export async function startCluster(): Promise<RedisCluster> {
  const flags = ['--cluster-enabled', 'yes', '--cluster-node-timeout', '1000']
  const args = [...flags, '--cluster-replica-validity-factor', '0']
  const one = async () => startRedis({ args, port: await lowPort() })
  const servers = await Promise.all(Array.from({ length: 6 }, one))
  const stop = async () => {
    await Promise.all(servers.map((server) => server.stop()))
  }
  const addresses = servers.map(({ port }) => `127.0.0.1:${port}`)
  const [first] = servers as [RedisProcess]
  try {
    first.ask('--cluster', 'create', ...addresses, '--cluster-replicas', '1', '--cluster-yes')
    const isReady = (each: RedisProcess) => each.ask('cluster', 'info').includes('cluster_state:ok')
    const deadline = performance.now() + 20_000
    while (!servers.every(isReady)) {
      if (performance.now() > deadline) throw new Error(`There is no cluster.\n${first.output()}`)
      await sleep(20)
    }
  } catch (error) {
    await stop()
    throw error
  }
  return {
    ...{ servers, stop, [Symbol.asyncDispose]: stop },
    url: `redis+cluster://${addresses.slice(0, 2).join(',')}`,
    masterOf(key) {
      const slot = Number(first.ask('cluster', 'keyslot', key))
      const found = servers.find((server) => {
        const myself = server.ask('cluster', 'nodes').split('\n').find(isMyself) ?? ''
        return (
          myself.includes('master') && rangesOf(myself).some(([a, b]) => a <= slot && slot <= b)
        )
      })
      if (found === undefined) throw new Error(`No master keeps the slot ${slot}.`)
      return found
    },
  }
}

const isMyself = (line: string) => line.includes('myself')

/** The slots of a line of `CLUSTER NODES`. */
function rangesOf(line: string): [number, number][] {
  return line
    .split(' ')
    .slice(8)
    .map((range) => {
      const [from, to = from] = range.split('-').map(Number)
      return [from, to] as [number, number]
    })
}

/** The servers of a cluster talk to each other at a port that is 10,000 higher. */
async function lowPort(): Promise<number> {
  for (;;) {
    const port = await closedPort()
    if (port < 55_000) return port
  }
}
