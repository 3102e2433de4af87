import { expect, it } from 'vitest'
import type { RedisClient } from '../../../../src/state/redis/client.ts'
import { checkServer, UnusableServerError } from '../../../../src/state/redis/server-check.ts'

function serverWith(info: string | Error): RedisClient {
  const none = async () => {}
  return {
    send: async () => {
      if (info instanceof Error) throw info
      return info
    },
    ...{ subscribe: none, unsubscribe: none, isReply: () => true, destroy() {} },
  }
}

const infoOf = (version: string, policy?: string) =>
  [
    '# Server',
    `redis_version:${version}`,
    ...(policy === undefined ? [] : [`maxmemory_policy:${policy}`]),
    '',
  ].join('\r\n')

it.each(['7.0.15', '7.2.4', '8.0.0', '10.1.0'])(
  '%s that evicts nothing is used',
  async (version) => {
    expect(await checkServer(serverWith(infoOf(version, 'noeviction')))).toBeUndefined()
  },
)

it.each([
  ['6.2.14', 'noeviction', 'state: expected Redis 7.0 or newer, or Valkey, got 6.2.14'],
  ['7.0.0', 'allkeys-lru', 'got allkeys-lru, which loses limits'],
  ['7.0.0', 'volatile-ttl', 'CONFIG SET maxmemory-policy noeviction'],
])('%s with %s is refused', async (version, policy, message) => {
  const checked = checkServer(serverWith(infoOf(version, policy)))
  await expect(checked).rejects.toThrow(UnusableServerError)
  await expect(checked).rejects.toThrow(message)
})

it.each([
  new Error("NOPERM User me has no permissions to run the 'info' command"),
  infoOf('7.2.4'),
])('one that does not tell is used, with a warning', async (info) => {
  expect(await checkServer(serverWith(info))).toMatch(/^state: .*maxmemory-policy/)
})

it('one that is lost meanwhile is tried again', async () => {
  const lost = new Error('Socket closed unexpectedly')
  await expect(checkServer(serverWith(lost))).rejects.toBe(lost)
})
