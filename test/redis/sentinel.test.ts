import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import type { RedisConnection } from '../../src/state/redis/connection.ts'
import { redisLimits } from '../../src/state/redis/limits.ts'
import { held } from '../state/limits-claims.ts'
import { startRedis, startReplica, startSentinels } from '../support/redis.ts'
import { connectRedis } from '../support/redis-port.ts'

const opened: RedisConnection[] = []
afterEach(() => {
  for (const each of opened.splice(0)) each.close()
})

async function connect(url: string) {
  const connection = await connectRedis(url, { connectMs: 10_000, deadlineMs: 5_000 })
  opened.push(connection)
  return connection
}

async function until(is: () => boolean, ms = 15_000): Promise<void> {
  const end = performance.now() + ms
  while (!is() && performance.now() < end) await sleep(10)
  expect(is()).toBe(true)
}

describe('a connection by Sentinel', () => {
  it('follows the master through failovers, also where a Sentinel is frozen', async () => {
    await using primary = await startRedis()
    await using replica = await startReplica(primary)
    await using sentinels = await startSentinels(primary)
    const ports = sentinels.each.map(({ port }) => `127.0.0.1:${port}`)
    const url = `redis+sentinel://${ports.join(',')}/${sentinels.name}/0`
    const connection = await connect(url)
    const limits = redisLimits(connection)
    const two = { maxConcurrency: 2, requestsPerMinute: 1_000 }
    const first = held(two)
    await limits.admit(first.claim)
    await primary.kill()
    await sentinels.untilPrimaryIsNot(primary.port)
    await until(() => !connection.isAway)
    // What the replica had not got yet is there again once it is renewed.
    await limits.renew([first.permit])
    expect((await limits.admit(held(two).claim)).levels.running).toBe(2)
    expect(replica.ask('role').split('\n')[0]).toBe('master')

    sentinels.each[0]?.freeze()
    try {
      const other = await connect(url)
      expect(other.isAway).toBe(false)
      expect((await redisLimits(other).levels('ann', two)).running).toBe(2)
    } finally {
      sentinels.each[0]?.thaw()
    }
  })

  it('leaves a server that became a replica', async () => {
    await using primary = await startRedis()
    await using other = await startRedis()
    await using sentinels = await startSentinelsOf(primary)
    const connection = await connect(`redis+sentinel://127.0.0.1:${sentinels.port}/sluice`)
    const set = () => connection.send(['SET', 'a', '1'], 'a')
    expect(await set()).toBe('OK')
    primary.ask('replicaof', '127.0.0.1', String(other.port))
    await expect(set()).rejects.toThrow('READONLY')
    expect(connection.isAway).toBe(true)
    const names = 'which it is not at present'
    await until(() => connection.lastError?.message.includes(names) === true)
    primary.ask('replicaof', 'no', 'one')
    await until(() => !connection.isAway)
    expect(await set()).toBe('OK')
  })

  it('says which name no Sentinel knows', async () => {
    await using primary = await startRedis()
    await using sentinel = await startSentinelsOf(primary)
    const connection = await connect(`redis+sentinel://127.0.0.1:${sentinel.port}/other`)
    expect(connection.lastError?.message).toContain('that Sentinel does not know')
  })
})

/** A server that answers as a Sentinel does: a real one would make another server the master meanwhile. */
async function startSentinelsOf(primary: { port: number }) {
  return fakeSentinel('sluice', primary.port)
}

async function fakeSentinel(name: string, port: number) {
  const { createServer } = await import('node:net')
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.on('data', (data) => {
      for (const command of String(data).split(/(?=\*\d+\r\n)/)) {
        if (/HELLO/i.test(command)) socket.write('%1\r\n$5\r\nproto\r\n:3\r\n')
        else if (command.includes(`\r\n${name}\r\n`)) {
          const digits = String(port)
          socket.write(`*2\r\n$9\r\n127.0.0.1\r\n$${digits.length}\r\n${digits}\r\n`)
        } else if (/SENTINEL/i.test(command)) socket.write('_\r\n')
        else socket.write('+OK\r\n')
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const at = typeof address === 'object' && address !== null ? address.port : 0
  return {
    port: at,
    async [Symbol.asyncDispose]() {
      server.close()
    },
  }
}
