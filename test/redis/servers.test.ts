import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { root } from '../../scripts/hosts.mjs'
import { CERT } from '../support/certificate.ts'
import type { ProcessHost } from '../support/hosts.ts'
import { type RedisProcess, startRedis } from '../support/redis.ts'
import type { Server } from '../support/server.ts'
import { runToEnd, startProcess } from '../support/server-process.ts'
import { closedPort } from '../support/upstream.ts'

const AWAY =
  /^sluice: state: the store can't be reached \(.+\); until it is there again, each instance allows its share of the limits\b/
const BACK = /^sluice: state: the store is there again, and limits are shared\.$/
const PASSWORD = 'pass-w0rd-of-the-store'
const TOKEN = 'sk-of-the-test'
const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' }
const hash = `sha256:${createHash('sha256').update(TOKEN).digest('hex')}`
const admin = { authorization: 'Bearer sk-admin-of-the-test' }
const adminHash = `sha256:${createHash('sha256').update('sk-admin-of-the-test').digest('hex')}`

function keys(limits: object): string {
  return JSON.stringify([
    { name: 'ann', hash, ...limits },
    { name: 'root', hash: adminHash, admin: true },
  ])
}

async function startServer(host: ProcessHost, redis: RedisProcess, limits: object, env = {}) {
  const server = await startProcess(host, ['--static-text', 'Hi'], {
    SLUICE_KEYS: keys(limits),
    SLUICE_STATE: redis.url,
    SLUICE_LOG: 'json',
    ...env,
  })
  onTestFinished(() => server.kill())
  return server
}

function ask({ base }: Server): Promise<Response> {
  return fetch(`${base}/chat/completions`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ model: 'static', messages: [{ role: 'user', content: 'Hello' }] }),
  })
}

async function stateOf({ url }: Server) {
  const response = await fetch(`${url}/health`, { headers: admin })
  const { state } = (await response.json()) as { state: Record<string, unknown> }
  return state
}

async function until(is: () => Promise<boolean>, ms = 15_000): Promise<void> {
  const end = performance.now() + ms
  while (!(await is()) && performance.now() < end) await sleep(20)
  expect(await is()).toBe(true)
}

describe('several servers on one Redis', () => {
  it('share the limits of a key, whichever runtime they are on, and go on without it', async () => {
    await using redis = await startRedis({ password: PASSWORD })
    const limits = { requestsPerMinute: 30, requestsPerDay: 1_000 }
    const servers = await Promise.all(
      (['bun', 'deno', 'node'] as const).map((host) => startServer(host, redis, limits)),
    )
    const [first] = servers as [Server, Server, Server]
    await until(async () => (await stateOf(first)).instances === 3)
    expect(await stateOf(first)).toEqual({
      kind: 'redis',
      status: 'connected',
      instances: 3,
      policy: 'local',
    })
    const began = performance.now()
    const answers = []
    for (let at = 0; at < 15; at++) answers.push(await ask(servers[at % 3] as Server))
    expect(answers.map(({ status }) => status)).toEqual(Array(15).fill(200))
    const left = answers.map(({ headers }) => Number(headers.get('x-ratelimit-remaining-requests')))
    // It refills by one in two seconds.
    const refilled = () => Math.ceil((performance.now() - began) / 2_000)
    expect(left.at(-1)).toBeLessThanOrEqual(15 + refilled())
    // Each of them tells what all have counted, which outlives them.
    for (const { base } of servers) {
      const usage = await (await fetch(`${base}/usage?name=ann`, { headers: admin })).json()
      expect(usage).toMatchObject({ key: 'ann', day: { requests: { used: 15, remaining: 985 } } })
      expect(usage).not.toHaveProperty('since')
    }

    await redis.kill()
    await until(async () => (await stateOf(first)).status === 'away')
    const statuses = []
    for (let at = 0; at < 60; at++) statuses.push((await ask(servers[at % 3] as Server)).status)
    const admitted = statuses.filter((status) => status === 200).length
    expect(admitted).toBeGreaterThanOrEqual(12)
    // What was left, and one more for each instance.
    expect(admitted).toBeLessThanOrEqual(15 + 3 + refilled())
    const entries = first.log.filter(({ statePolicy }) => statePolicy === 'local')
    expect(entries.length).toBeGreaterThan(0)

    await redis.restart()
    for (const server of servers)
      await until(async () => (await stateOf(server)).status === 'connected')
    for (const server of servers) {
      const metrics = await (await fetch(`${server.url}/metrics`, { headers: admin })).text()
      expect(metrics).toContain('\nsluice_state_up 1\n')
      expect(metrics).toMatch(/\nsluice_state_calls_total\{operation="admit",result="ok"\} \d/)
      expect(metrics).toMatch(/\nsluice_state_fallbacks_total\{policy="local"\} \d/)
      const lines = server
        .stderr()
        .split('\n')
        .filter((line) => line.includes('state: '))
      // One for each change: on a busy machine the store may have been late before, too.
      expect(lines.length % 2).toBe(0)
      expect(lines.length).toBeGreaterThan(0)
      for (const [at, line] of lines.entries()) expect(line).toMatch(at % 2 === 0 ? AWAY : BACK)
      expect(server.stderr() + server.stdout() + metrics).not.toContain(PASSWORD)
      expect(await server.stop()).toBe(0)
    }
    expect(redis.ask('zcard', 'sluice:1:inst:{all}')).toBe('0')
  }, 90_000)

  it('need the rights that docs/state.md lists, and no others', async () => {
    await using redis = await startRedis()
    const page = readFileSync(join(root, 'docs/state.md'), 'utf8')
    const [, rights = ''] = /^ACL SETUSER sluice on >PASSWORD (.*)$/m.exec(page) ?? []
    redis.ask('acl', 'setuser', 'sluice', 'on', `>${PASSWORD}`, ...rights.split(' '))
    redis.ask('acl', 'setuser', 'default', 'off')
    const url = `redis://sluice:${PASSWORD}@127.0.0.1:${redis.port}`
    const limits = { requestsPerMinute: 5, resumable: true }
    const server = await startServer('node', redis, limits, { SLUICE_STATE: url })
    expect((await ask(server)).status).toBe(200)
    const stored = await fetch(`${server.base}/responses`, {
      method: 'POST',
      headers,
      body: JSON.stringify({ model: 'static', input: 'Hello', stream: true, background: true }),
    })
    expect(await stored.text()).toContain('response.completed')
    const metrics = async () => (await fetch(`${server.url}/metrics`, { headers: admin })).text()
    for (const name of ['run_open', 'settle', 'response_put', 'instances']) {
      await until(async () => (await metrics()).includes(`operation="${name}",result="ok"`))
    }
    expect(await metrics()).not.toMatch(/sluice_state_calls_total\{.*result="error"/)
    expect(server.stderr()).not.toContain('NOPERM')
  })

  it('starts without Redis, and refuses what the policy says', async () => {
    await using redis = await startRedis()
    await redis.kill()
    const env = { SLUICE_STATE_FAILURE: 'closed' }
    const server = await startServer('node', redis, { requestsPerMinute: 5 }, env)
    expect(server.stderr()).toContain('until it is there again, requests are refused with 503.')
    const refused = await ask(server)
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '5'])
    expect(await refused.json()).toMatchObject({ error: { code: 'state_unavailable' } })
    await redis.restart()
    await until(async () => (await ask(server)).status === 200)
  })
})

describe('a server does not start', () => {
  const run = (env: Record<string, string>, flags: string[] = []) =>
    runToEnd('node', ['--port', '0', ...flags], env)

  it('with a store that evicts, a wrong password or certificate, or a flag with a password', async () => {
    await using redis = await startRedis({
      password: PASSWORD,
      args: ['--maxmemory-policy', 'allkeys-lru'],
    })
    const address = `127.0.0.1:${redis.port}`
    const [evicts, login, file, flag, url] = await Promise.all([
      run({ SLUICE_STATE: redis.url }),
      run({ SLUICE_STATE: `redis://:not-${PASSWORD}@${address}` }),
      run({ SLUICE_STATE: `rediss://${address}`, SLUICE_STATE_CA: '/no/such.pem' }),
      run({}, ['--state', redis.url]),
      run({ SLUICE_STATE: `redis://:${PASSWORD}@${address}/db` }),
    ])
    expect(evicts.stderr).toContain('got allkeys-lru, which loses limits')
    expect(login.stderr).toContain('got its refusal (WRONGPASS')
    // The error is all: nothing is said of what holds meanwhile.
    for (const { stderr } of [evicts, login]) expect(stderr).not.toContain('state: the store can')
    expect(file.stderr).toContain('stateCa: cannot read "/no/such.pem" (ENOENT)')
    expect(flag.stderr).toContain('--state: expected no secret as a flag')
    expect(url.stderr).toContain('SLUICE_STATE: expected the number of a database at the end')
    for (const { code, stdout, stderr } of [evicts, login, file, flag, url]) {
      expect(code).not.toBe(0)
      expect(stdout + stderr).not.toContain(PASSWORD)
    }
  })

  it('but starts where the certificate of the server is not trusted, and says so', async () => {
    const port = await closedPort()
    await using redis = await startRedis({
      args: [
        ...['--tls-port', String(port), '--tls-cert-file', CERT, '--tls-auth-clients', 'no'],
        ...['--tls-key-file', CERT.replace('cert.pem', 'key.pem'), '--tls-ca-cert-file', CERT],
      ],
    })
    const env = { SLUICE_STATE: `rediss://127.0.0.1:${port}` }
    const server = await startServer('bun', redis, {}, env)
    expect(server.stderr()).toMatch(/state: the store can't be reached \(.*certificate/i)
  })
})
