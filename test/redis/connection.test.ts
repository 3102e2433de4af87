import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import type { CallOutcome, RedisConnectionOptions } from '../../src/state/redis/connection.ts'
import { StateAwayError } from '../../src/state/redis/port.ts'
import { CA, CERT, KEY } from '../support/certificate.ts'
import { listenByTls, type RedisProcess, startRedis } from '../support/redis.ts'
import { connectRedis } from '../support/redis-port.ts'

const script = { name: 'test', text: "return { redis.call('INCR', KEYS[1]), ARGV[1] }" }

let server: RedisProcess
beforeAll(async () => {
  server = await startRedis()
})
afterAll(() => server.stop())

type Options = Parameters<typeof connectRedis>[1]

async function connect(url = server.url, options: Options = {}) {
  const connection = await connectRedis(url, options)
  onTestFinished(() => connection.close())
  return connection
}

async function until(is: () => boolean, ms = 10_000): Promise<void> {
  const end = performance.now() + ms
  while (!is() && performance.now() < end) await sleep(5)
  expect(is()).toBe(true)
}

describe('a connection to Redis', () => {
  it('runs scripts by their digest, and with their text where the server forgot them', async () => {
    const connection = await connect()
    const text = 'with ä, €, and\nlines'
    expect(await connection.eval(script, ['{a}n'], [text])).toEqual([1, text])
    server.ask('script', 'flush')
    expect(await connection.eval(script, ['{a}n'], [2])).toEqual([2, '2'])
    expect(server.ask('info', 'commandstats')).not.toContain('script|load')
  })

  it('rejects what a command or script got wrong, and goes on', async () => {
    const connection = await connect()
    const wrong = { name: 'wrong', text: "return redis.call('LPUSH', KEYS[1])" }
    await expect(connection.eval(wrong, ['b'], [])).rejects.toThrow('Wrong number of args')
    await expect(connection.send(['NONE'], undefined)).rejects.toThrow('unknown command')
    expect(connection.isAway).toBe(false)
    expect(await connection.send(['PING'], undefined)).toBe('PONG')
  })

  it('passes on messages, also after it was lost', async () => {
    const connection = await connect()
    const got: string[] = []
    const end = connection.subscribe('news', (message) => got.push(message))
    await until(() => server.ask('publish', 'news', 'one ä') === '1')
    await until(() => got.length > 0)
    server.ask('client', 'kill', 'type', 'normal', 'skipme', 'yes')
    server.ask('client', 'kill', 'type', 'pubsub')
    await until(() => server.ask('publish', 'news', 'two') === '1')
    await until(() => got.includes('two'))
    end()
    await until(() => server.ask('publish', 'news', 'three') === '0')
    expect(got).not.toContain('three')
  })

  it('gives up a call to a frozen server in time, and all later ones at once', async () => {
    const own = await startRedis()
    onTestFinished(() => own.stop())
    const changes: boolean[] = []
    const connection = await connect(own.url, { onChange: (isAway) => changes.push(isAway) })
    const took: number[] = []
    const call = async () => {
      const start = performance.now()
      await connection.eval(script, ['{a}n'], [1]).catch((error) => {
        expect(error).toBeInstanceOf(StateAwayError)
      })
      took.push(performance.now() - start)
    }
    own.freeze()
    await Promise.all([call(), call(), call()])
    for (let count = 0; count < 50; count++) await call()
    // Three were sent before it was known, and one may have been while it was connected anew.
    expect(took.filter((ms) => ms > 60).length).toBeLessThanOrEqual(10)
    expect(Math.max(...took)).toBeLessThan(2_000)
    expect(connection.isAway).toBe(true)
    own.thaw()
    await until(() => !connection.isAway)
    const counted = Number(own.ask('get', '{a}n'))
    // What was given up may still have been done, but never twice.
    expect(counted).toBeLessThanOrEqual(10)
    expect(changes.at(-1)).toBe(false)
  })

  it('takes calls that end with one connection as one failure, and no change', async () => {
    const own = await startRedis()
    onTestFinished(() => own.stop())
    const changes: boolean[] = []
    const connection = await connect(own.url, {
      onChange: (isAway) => changes.push(isAway),
      connectMs: 10_000,
    })
    own.freeze()
    const calls = Array.from({ length: 10 }, () => connection.eval(script, ['{a}n'], [1]))
    const outcomes = await Promise.allSettled(calls)
    own.thaw()
    for (const outcome of outcomes) {
      expect(outcome.status === 'rejected' && outcome.reason).toBeInstanceOf(StateAwayError)
    }
    await until(() => !connection.isAway)
    expect(changes).toEqual([false])
  })

  it('connects again to a server that was killed, and tells each change once', async () => {
    const own = await startRedis()
    onTestFinished(() => own.stop())
    const changes: [boolean, string | undefined][] = []
    const connection = await connect(own.url, {
      onChange: (isAway, error) => changes.push([isAway, error?.message]),
    })
    await own.kill()
    await until(() => connection.isAway)
    await expect(connection.send(['PING'], undefined)).rejects.toThrow(StateAwayError)
    await sleep(300)
    await own.restart()
    await until(() => !connection.isAway)
    expect(await connection.send(['PING'], undefined)).toBe('PONG')
    expect(changes.map(([isAway]) => isAway)).toEqual([false, true, false])
    expect(changes[1]?.[1]).toMatch(/ECONN|refused|closed/i)
  })

  it('starts without a server, and heals', async () => {
    const own = await startRedis()
    onTestFinished(() => own.stop())
    await own.kill()
    const connection = await connect(own.url)
    expect(connection.isAway).toBe(true)
    await own.restart()
    await until(() => !connection.isAway)
  })

  it('asks a server that refuses to write no more, until a probe', async () => {
    const own = await startRedis()
    onTestFinished(() => own.stop())
    const outcomes: CallOutcome[] = []
    const connection = await connect(own.url, {
      onCall: (_, outcome) => outcomes.push(outcome),
      deadlineMs: 5_000,
    })
    own.ask('config', 'set', 'min-replicas-to-write', '1')
    for (let count = 0; count < 5; count++) {
      await expect(connection.eval(script, ['{a}n'], [1])).rejects.toThrow(StateAwayError)
    }
    expect(outcomes).toEqual(['error', 'error', 'error', 'away', 'away'])
    expect(connection.isAway).toBe(true)
    own.ask('config', 'set', 'min-replicas-to-write', '0')
    await until(() => !connection.isAway)
    expect(await connection.eval(script, ['{a}n'], [1])).toEqual([1, '1'])
  })

  it('goes on asking a server that has no memory left', async () => {
    const own = await startRedis()
    onTestFinished(() => own.stop())
    const told: string[] = []
    const connection = await connect(own.url, {
      onFull: () => told.push('full'),
      isUsedWhenFull: true,
    })
    own.ask('config', 'set', 'maxmemory', '1')
    for (let count = 0; count < 5; count++) {
      await expect(connection.eval(script, ['{a}n'], [1])).rejects.toThrow('state: OOM')
    }
    expect([connection.isAway, told]).toEqual([false, Array(5).fill('full')])
    own.ask('config', 'set', 'maxmemory', '0')
    expect(await connection.eval(script, ['{a}n'], [1])).toEqual([1, '1'])
  })

  it('counts each call by its name and outcome', async () => {
    const calls: [string, CallOutcome][] = []
    const onCall: RedisConnectionOptions['onCall'] = (...[name, outcome]) =>
      void calls.push([name, outcome])
    const connection = await connect(server.url, { onCall })
    await connection.eval(script, ['{a}n'], [1])
    await connection.send(['PING'], undefined)
    connection.close()
    await connection.send(['PING'], undefined).catch(() => {})
    expect(calls).toEqual([
      ['test', 'ok'],
      ['ping', 'ok'],
      ['ping', 'away'],
    ])
  })
})

describe('logging in', () => {
  it('uses the user, the password and the database of the URL', async () => {
    const own = await startRedis({ password: 'other' })
    onTestFinished(() => own.stop())
    const rights = ['~sluice:*', '&sluice:*', '+@all']
    own.ask('acl', 'setuser', 'me', 'on', '>p@ss/w:rd', ...rights)
    const connection = await connect(`redis://me:p%40ss%2Fw%3Ard@127.0.0.1:${own.port}/3`)
    expect(await connection.send(['ACL', 'WHOAMI'], undefined)).toBe('me')
    await connection.send(['SET', 'sluice:x', '1'], 'sluice:x')
    expect(own.ask('-n', '3', 'get', 'sluice:x')).toBe('1')
    await expect(connection.send(['GET', 'x'], 'x')).rejects.toThrow('NOPERM')
  })

  it('that fails is told without the password', async () => {
    const own = await startRedis({ password: 'right' })
    onTestFinished(() => own.stop())
    const connection = await connect(`redis://:wr0ng-secret@127.0.0.1:${own.port}`)
    expect(connection.isAway).toBe(true)
    expect(connection.lastError?.message).toMatch(/^WRONGPASS/)
    expect(String(connection.lastError?.stack)).not.toContain('wr0ng-secret')
  })
})

describe('TLS', () => {
  let secure: RedisProcess
  let url: string
  beforeAll(async () => {
    const files = ['--tls-cert-file', CERT, '--tls-key-file', KEY, '--tls-ca-cert-file', CERT]
    secure = await startRedis({ args: [...files, '--tls-auth-clients', 'no'] })
    url = `rediss://127.0.0.1:${await listenByTls(secure)}`
  })
  afterAll(() => secure.stop())

  it('trusts the authority that it is given', async () => {
    const connection = await connect(url, { ca: CA })
    expect(await connection.send(['PING'], undefined)).toBe('PONG')
  })

  it('trusts no other', async () => {
    const connection = await connect(url)
    expect(connection.isAway).toBe(true)
    expect(connection.lastError?.message).toMatch(/self.signed certificate/i)
  })

  it('is given up in time where the server is frozen', async () => {
    const connection = await connect(url, { ca: CA })
    secure.freeze()
    try {
      const start = performance.now()
      await expect(connection.send(['PING'], undefined)).rejects.toThrow('within 100 ms')
      expect(performance.now() - start).toBeLessThan(2_000)
      await expect(connection.send(['PING'], undefined)).rejects.toThrow(StateAwayError)
    } finally {
      secure.thaw()
    }
    await until(() => !connection.isAway)
  })
})
