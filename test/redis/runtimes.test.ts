import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { binaryOf, root } from '../../scripts/hosts.mjs'
import { CERT, KEY } from '../support/certificate.ts'
import { listenByTls, startRedis } from '../support/redis.ts'

const program = join(root, 'test/support/redis-program.ts')

const runtimes = [
  ['bun', [program]],
  ['deno', ['run', '-A', '--no-lock', '--node-modules-dir=manual', program]],
] as const

/** The library is made for Node: here it shows what the others make of it. */
describe.each(runtimes)('the connection on %s', (name, args) => {
  it.each(['redis', 'rediss'] as const)('by %s:', async (scheme) => {
    const files = ['--tls-cert-file', CERT, '--tls-key-file', KEY, '--tls-ca-cert-file', CERT]
    await using server = await startRedis({ args: [...files, '--tls-auth-clients', 'no'] })
    const port = scheme === 'redis' ? server.port : await listenByTls(server)
    const address = `${scheme}://127.0.0.1:${port}`
    const { stdout } = await promisify(execFile)(
      binaryOf(name),
      [...args, address, String(server.pid)],
      { cwd: root, timeout: 25_000 },
    )
    const found = JSON.parse(stdout)
    expect(found).toMatchObject({ message: 'hello ä€', isBack: true, after: 'ok' })
    expect(found.frozen[0]).toBe('StateAwayError')
    expect(found.frozen[1]).toBeLessThan(300)
    for (const [outcome, ms] of [found.later, found.muchLater]) {
      expect(outcome).toBe('StateAwayError')
      expect(ms).toBeLessThan(50)
    }
  })
})
