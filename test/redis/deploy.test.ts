import { expect, it } from 'vitest'
import { entry } from '../conformance/keys-entries.ts'
import { composeFile, sluices } from '../support/deploy.ts'
import { until } from '../support/instances.ts'
import { startRedis } from '../support/redis.ts'
import { startServer } from '../support/server.ts'

/** Without Docker: the commands, settings and files that the compose file gives its containers. */
it('the compose file starts a Redis and three instances that share it', async () => {
  const { services, configs } = composeFile('a1b2c3')
  // Its folder is one of the container's.
  const lines = (configs.redis?.content ?? '')
    .split('\n')
    .filter((line) => !/^(dir|#|$)/.test(line))
  const args = lines.flatMap((line) => {
    const [name = '', ...values] = line.split(' ')
    return [`--${name}`, ...values.map((value) => (value === '""' ? '' : value))]
  })
  await using redis = await startRedis({ password: 'a1b2c3', args })
  expect(redis.ask('config', 'get', 'maxmemory-policy')).toBe('maxmemory-policy\nnoeviction')
  expect(redis.ask('config', 'get', 'appendonly')).toBe('appendonly\nyes')
  const keys = JSON.stringify([entry('admin', 'admin-key', { admin: true })])
  const each = await Promise.all(
    sluices.map((name) => {
      const { SLUICE_STATE = '', ...environment } = services[name]?.environment ?? {}
      const state = SLUICE_STATE.replace('@redis:6379', `@127.0.0.1:${redis.port}`)
      return startServer('bun', [], { ...environment, SLUICE_STATE: state, SLUICE_KEYS: keys })
    }),
  )
  try {
    const health = async (url: string) => {
      const headers = { authorization: 'Bearer admin-key' }
      return (await fetch(`${url}/health`, { headers })).json()
    }
    const state = { kind: 'redis', status: 'connected', instances: 3, policy: 'local' }
    for (const { url } of each) {
      await until(async () => {
        const found = (await health(url)) as { state: object }
        return JSON.stringify(found.state) === JSON.stringify(state)
      }, 'that it shares Redis with two others')
    }
  } finally {
    await Promise.all(each.map((server) => server.kill()))
  }
})
