/** The port to a real Redis server, as the hosts make it. */
import * as library from '@redis/client'
import { redisDialer } from '../../src/hosts/server/redis-client.ts'
import { readStateUrl } from '../../src/settings/state-url.ts'
import { openerFor } from '../../src/state/redis/address.ts'
import { RedisConnection, type RedisConnectionOptions } from '../../src/state/redis/connection.ts'
import type { RedisPort } from '../../src/state/redis/port.ts'

/** A connection to the server at a URL such as `startRedis` returns; ready, unless it can't be reached. */
export async function connectRedis(
  url: string,
  { ca, ...options }: Omit<RedisConnectionOptions, 'open'> & { ca?: string } = {},
): Promise<RedisConnection> {
  const open = openerFor(readStateUrl(url), ca, redisDialer(library))
  const connection = new RedisConnection({ ...options, open })
  await connection.start()
  return connection
}

/**
 * The same port with another time for the scripts, which can be moved: the server's clock can't. Times to live
 * are still counted by the real one. With `fixedMs` the time stands still in between.
 */
export function withMovableTime(port: RedisPort, fixedMs?: number) {
  let moved = 0
  const timeText = () => {
    if (fixedMs === undefined) {
      const clock = "local t = redis.call('TIME')"
      return `(function() ${clock} return { t[1] + ${moved / 1_000}, t[2] } end)()`
    }
    const now = fixedMs + moved
    return `{ ${Math.floor(now / 1_000)}, ${Math.floor((now % 1_000) * 1_000)} }`
  }
  const movable: RedisPort = {
    eval(script, ...rest) {
      const text = script.text.replaceAll("redis.call('TIME')", timeText())
      return port.eval({ name: script.name, text }, ...rest)
    },
    send: (...args) => port.send(...args),
    publish: (...args) => port.publish(...args),
    subscribe: (...args) => port.subscribe(...args),
    get isAway() {
      return port.isAway
    },
  }
  return {
    port: movable,
    /** Moves the time, also back. */
    pass(milliseconds: number) {
      moved += milliseconds
    },
  }
}
