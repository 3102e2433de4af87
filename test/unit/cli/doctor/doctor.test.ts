import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, vi } from 'vitest'
import { clockFound } from '../../../../src/cli/doctor/checks/clock.ts'
import { checkStore } from '../../../../src/cli/doctor/checks/store.ts'
import { type Diagnosis, runChecks } from '../../../../src/cli/doctor/finding.ts'
import { findingsJson, findingsText } from '../../../../src/cli/doctor/report.ts'
import { terminalStyle } from '../../../../src/cli/startup.ts'
import { openStoreOnce } from '../../../../src/hosts/server/open-store-once.ts'
import type { RedisClient } from '../../../../src/state/redis/client.ts'
import { closedPort } from '../../../support/upstream.ts'
import { codes, examination } from './examine.ts'

const never = new AbortController().signal

describe('checks', () => {
  it('run at the same time, and one that hangs ends the others of none', async () => {
    const started = performance.now()
    const quick = async () => [{ code: 'a', level: 'ok' as const, text: 'Fine.' }]
    const slow = () => sleep(100).then(quick)
    const hanging = () => new Promise<never>(() => {})
    const broken = () => Promise.reject(new Error('no such thing'))
    const found = await runChecks(
      [
        ['runtime', slow],
        ['install', slow],
        ['gpu', hanging],
        ['store', broken],
      ],
      await examination(),
      never,
      300,
    )
    expect(performance.now() - started).toBeLessThan(3_000)
    expect(found.map(({ check, code, level }) => [check, code, level])).toEqual([
      ['runtime', 'a', 'ok'],
      ['install', 'a', 'ok'],
      ['gpu', 'check_timeout', 'warning'],
      ['store', 'check_failed', 'warning'],
    ])
  })
})

describe('the store', () => {
  const withStore = (client: Partial<RedisClient> | Error) =>
    examination(
      { state: 'redis://127.0.0.1:1' },
      {},
      {
        openStore: async () => {
          if (client instanceof Error) throw client
          return client as RedisClient
        },
      },
    )
  const redis = (policy: string, version = '7.4.0', ahead = 0): Partial<RedisClient> => ({
    destroy: () => {},
    async send([name]) {
      if (name === 'INFO') return `redis_version:${version}\r\nmaxmemory_policy:${policy}\r\n`
      return name === 'TIME' ? [String(Math.floor((Date.now() + ahead) / 1_000)), '0'] : 'PONG'
    },
  })

  it('is not looked at where there is none', async () => {
    expect(await checkStore(await examination(), never)).toEqual([])
  })

  it('that is in order is shown with its latency, and its clock is compared', async () => {
    const examined = await withStore(redis('noeviction', '7.4.0', 60_000))
    const { store } = await codes(checkStore, examined)
    expect(store?.text).toMatch(/^Redis 7\.4\.0 answers in [\d.]+ ms and evicts nothing\.$/)
    expect(clockFound(examined)[0]).toMatchObject({ code: 'clock_wrong' })
  })

  it.each([
    ['allkeys-lru', '7.4.0', 'maxmemory-policy noeviction, got allkeys-lru'],
    ['noeviction', '6.2.0', 'Redis 7.0 or newer'],
  ])('that evicts or is old cannot be used: %s, %s', async (policy, version, text) => {
    const { store_unusable: unusable } = await codes(
      checkStore,
      await withStore(redis(policy, version)),
    )
    expect(unusable).toMatchObject({ level: 'problem' })
    expect(unusable?.text).toContain(text)
  })

  it('that refuses the password says so', async () => {
    const found = await codes(
      checkStore,
      await withStore(new Error('WRONGPASS invalid username-password pair')),
    )
    expect(found.store_login).toMatchObject({ level: 'problem' })
  })

  it('that never answers cannot be reached, whether it accepts a connection or a command', async () => {
    const silent = { destroy: vi.fn(), send: () => new Promise<never>(() => {}) }
    const openings = [() => new Promise<never>(() => {}), async () => silent as never]
    for (const openStore of openings) {
      const examined = await examination({ state: 'redis://127.0.0.1:1' }, {}, { openStore })
      const found = await runChecks([['store', checkStore]], examined, never)
      expect(found).toMatchObject([{ code: 'store_unreachable', level: 'problem' }])
      expect(found[0]?.text).toContain('did not answer in time')
    }
    expect(silent.destroy).toHaveBeenCalledOnce()
  })

  it('that is absent cannot be reached', async () => {
    const state = `redis://:a-password@127.0.0.1:${await closedPort()}`
    const openStore = () => openStoreOnce(state, undefined, never)
    const { store_unreachable: absent } = await codes(
      checkStore,
      await examination({ state }, {}, { openStore }),
    )
    expect(absent).toMatchObject({ level: 'problem' })
    expect(absent?.text).toContain('nothing listens there')
    expect(absent?.text).not.toContain('a-password')
  })
})

const FINDINGS: Diagnosis[] = [
  { check: 'runtime', code: 'runtime', level: 'ok', text: 'Node 24 is supported.' },
  {
    check: 'address',
    code: 'port_in_use',
    level: 'problem',
    text: 'Port 1 is used.\u001b[2J',
    remedy: 'Choose another.',
    command: 'sluice --port 2',
  },
  { check: 'address', code: 'exposure', level: 'ok', text: 'Only this machine.' },
]

describe('the report', () => {
  it('shows problems first, with what to do below them', () => {
    const text = findingsText(FINDINGS, 'node 24', terminalStyle(false, {}))
    expect(text).toMatch(
      /^sluice \S+ on node 24\n\nRuntime\n {2}✓ Node 24 is supported\.\n\nAddress\n {2}✗ problem: Port 1 is used\.\\u001b\[2J\n {6}Choose another\.\n {6}sluice --port 2\n {2}✓ Only this machine\.\n\n1 problem, 0 warnings, 0 hints\n$/,
    )
  })

  it('is the same for programs', () => {
    const report = JSON.parse(findingsJson(FINDINGS, 'node 24')) as object
    expect(report).toMatchObject({
      runtime: 'node 24',
      problems: 1,
      warnings: 0,
      hints: 0,
      findings: FINDINGS,
    })
  })
})
