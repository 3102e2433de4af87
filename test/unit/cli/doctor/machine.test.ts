import type { AddressInfo } from 'node:net'
import { createServer, type Server } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { checkPorts, exposureFound } from '../../../../src/cli/doctor/checks/address.ts'
import { aheadBy, clockFound } from '../../../../src/cli/doctor/checks/clock.ts'
import { appleFound, readNvidia } from '../../../../src/cli/doctor/checks/gpu.ts'
import { installedAs } from '../../../../src/cli/doctor/checks/install.ts'
import { proxiesFound } from '../../../../src/cli/doctor/checks/proxies.ts'
import { descriptorsFound, memoryFound } from '../../../../src/cli/doctor/checks/resources.ts'
import { runtimeFound } from '../../../../src/cli/doctor/checks/runtime.ts'
import { runChecks } from '../../../../src/cli/doctor/finding.ts'
import { inodesOf, readLsof, readSs } from '../../../../src/cli/doctor/who-listens.ts'
import { asCalled, programOf } from '../../../../src/cli/program.ts'
import { parseSettings } from '../../../../src/settings/settings.ts'
import { byCode, codes, examination, levels } from './examine.ts'

const listeners: Server[] = []
afterEach(() => {
  for (const listener of listeners.splice(0)) listener.close()
})

/** A port that a program has that is no HTTP server. */
async function takenPort(word = 'hello\n'): Promise<number> {
  const server = createServer((socket) => {
    if (word !== '') socket.end(word)
  })
  listeners.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

describe('a port', () => {
  it('that another program has is named with the program, and with a free one', async () => {
    const port = await takenPort()
    const { port_in_use: taken } = await codes(checkPorts, await examination({ port }))
    expect(taken).toMatchObject({ level: 'problem' })
    expect(taken?.command).toMatch(/^sluice --port \d+$/)
    // Only Linux tells without another program.
    if (process.platform === 'linux') expect(taken?.text).toContain(`(process ${process.pid})`)
  })

  it('that a program has that never answers is in use as well', async () => {
    const check = ['address', checkPorts] as const
    const examined = await examination({ port: await takenPort('') })
    const found = await runChecks([check], examined, new AbortController().signal)
    expect(levels(found)).toEqual({ port_in_use: 'problem' })
  })

  it('that is free is fine, and so is any', async () => {
    const port = await takenPort()
    listeners.pop()?.close()
    expect(
      levels(Object.values(await codes(checkPorts, await examination({ port })))),
    ).toMatchObject({ port_free: 'ok' })
    expect(await codes(checkPorts, await examination({ port: 0 }))).not.toHaveProperty('port_free')
  })

  it('of an address that this machine lacks is a problem', async () => {
    const found = await codes(
      checkPorts,
      await examination({ port: 18_787, host: '192.0.2.1', insecure: true }),
    )
    expect(found.host_unknown).toMatchObject({ level: 'problem' })
  })
})

describe('who can reach it', () => {
  const exposed = (settings: object) => {
    return levels(exposureFound({ settings: parseSettings(settings), program: 'sluice' }))
  }

  it.each([
    [{}, { exposure: 'ok' }],
    [{ host: '0.0.0.0' }, { exposure_without_keys: 'problem' }],
    [{ host: '0.0.0.0', insecure: true }, { exposure_open: 'warning' }],
    [{ host: '0.0.0.0', keys: `a=sha256:${'0'.repeat(64)}` }, { exposure: 'ok' }],
    [{ allowOrigin: ['*'] }, { origins_open: 'problem' }],
  ])('with %j', (settings, expected) => {
    expect(exposed(settings)).toEqual(expected)
  })
})

describe('proxies', () => {
  const PROXY = { HTTP_PROXY: 'http://me:secret@proxy:3128' }
  const found = (env: Record<string, string>, upstream: string[] = []) =>
    byCode(proxiesFound(env, parseSettings({ upstream })))

  it('that catch this machine are a warning with the line that excepts it', () => {
    const { proxy, proxy_catches_loopback: caught } = found({ ...PROXY, NO_PROXY: 'corp.example' })
    expect(proxy?.text).toContain('HTTP_PROXY=http://…@proxy:3128')
    expect(JSON.stringify([proxy, caught])).not.toContain('secret')
    expect(caught).toMatchObject({
      level: 'warning',
      command: 'export NO_PROXY="localhost,127.0.0.1,::1,corp.example"',
    })
  })

  it('that except it are fine', () => {
    expect(found({ ...PROXY, NO_PROXY: 'localhost,127.0.0.1' })).not.toHaveProperty(
      'proxy_catches_loopback',
    )
    expect(found({ ...PROXY, no_proxy: '*' })).not.toHaveProperty('proxy_catches_loopback')
    expect(found({})).toEqual({})
  })

  it('that catch an upstream are a hint', () => {
    const env = { ...PROXY, NO_PROXY: 'localhost,127.0.0.1,.lan' }
    expect(found(env, ['http://gpu.example:8000'])).toHaveProperty('proxy_catches_upstream')
    expect(found(env, ['http://gpu.lan:8000', 'http://127.0.0.1:1'])).not.toHaveProperty(
      'proxy_catches_upstream',
    )
  })
})

describe('the clock', () => {
  it('is compared with a Date of whole seconds', () => {
    const now = Date.UTC(2026, 0, 1, 12, 0, 0)
    expect(aheadBy(new Date(now).toUTCString(), now, now + 1_000)).toBe(0)
    expect(aheadBy('never', now, now)).toBeUndefined()
  })

  it('may differ by half a minute', () => {
    expect(clockFound({ clocks: [] })).toEqual([])
    expect(levels(clockFound({ clocks: [{ source: 'a', aheadMs: 20_000 }] }))).toEqual({
      clock: 'ok',
    })
    const [wrong] = clockFound({
      clocks: [
        { source: 'a', aheadMs: 5 },
        { source: 'b', aheadMs: -90_000 },
      ],
    })
    expect(wrong).toMatchObject({ code: 'clock_wrong', level: 'warning' })
    expect(wrong?.text).toContain('90 s ahead of that of b')
  })
})

it.each([
  ['bun 1.4.5', 'ok'],
  ['bun 1.1.0', 'problem'],
  ['deno 1.46.0', 'problem'],
  ['node 22.0.0', 'ok'],
  ['node 20.20.2', 'problem'],
])('judges the version of %s', (runtime, level) => {
  expect(runtimeFound(runtime).level).toBe(level)
})

it.each([
  [
    'file:///home/me/sluice/src/version.ts',
    true,
    'runs from a checkout, /home/me/sluice',
    'npm start --',
  ],
  [
    'file:///home/me/.npm/_npx/1a/node_modules/@sluice/sluice/dist/version.js',
    false,
    'was started by npx',
    'npx @sluice/sluice',
  ],
  [
    'file:///tmp/bunx-0-@sluice/node_modules/@sluice/sluice/dist/version.js',
    false,
    'was started by bunx',
    'bunx @sluice/sluice',
  ],
  [
    'file:///usr/lib/node_modules/@sluice/sluice/dist/version.js',
    false,
    'is installed for all projects, in /usr/lib/node_modules/@sluice/sluice',
    'sluice',
  ],
  [
    'file:///app/node_modules/@sluice/sluice/dist/version.js',
    false,
    'is installed in a project, in /app/node_modules/@sluice/sluice',
    'npx sluice',
  ],
])('knows how it was installed by %s', (location, isCheckout, installed, program) => {
  expect(installedAs({ location, isCheckout })).toBe(installed)
  expect(programOf({ location, isCheckout })).toBe(program)
})

it.each([
  [{ npm_lifecycle_event: 'start:deno' }, 'npm run start:deno --'],
  [{ npm_lifecycle_event: 'start' }, 'npm start --'],
  [{ npm_lifecycle_event: 'test' }, 'npm start --'],
])('a checkout is called as it was started: %j', (env, program) => {
  expect(programOf({ location: 'file:///x/src/version.ts', isCheckout: true, env })).toBe(program)
})

it.each([
  ['file:///home/ann/.cache/deno/npm/npm.example/@sluice/sluice/0.2.0/dist/version.js', 'deno'],
  ['file:///home/ann/.cache/pnpm/dlx/1a/node_modules/@sluice/sluice/dist/version.js', 'pnpm dlx'],
  ['file:///home/ann/.bun/install/global/node_modules/@sluice/sluice/dist/version.js', 'sluice'],
])('%s is called by %s', (location, called) => {
  expect(programOf({ location, isCheckout: false })).toMatch(new RegExp(`^${called}`))
})

it('commands of sluice in a text are those that its user types', () => {
  const text =
    'sluice: make one with "sluice key new NAME", or `sluice pair X`; sluice keys are hashes.'
  expect(asCalled(text, 'npx sluice')).toBe(
    'sluice: make one with "npx sluice key new NAME", or `npx sluice pair X`; sluice keys are hashes.',
  )
})

it('knows a binary by what it was built from', () => {
  const host = { location: 'file:///version.js', isCheckout: false, build: 'commit 1a2b' }
  expect(installedAs(host)).toBe('is a binary of its own (commit 1a2b)')
})

describe('resources', () => {
  const settings = (given: object) => parseSettings({ discover: false, ...given })

  it('are too few descriptors where that many requests are allowed', () => {
    const two = settings({
      upstream: ['http://127.0.0.1:1', 'http://127.0.0.1:2'],
      maxConcurrency: 300,
    })
    expect(descriptorsFound(1_024, two)).toMatchObject({
      code: 'descriptors_few',
      level: 'warning',
      command: 'ulimit -n 65536',
    })
    expect(descriptorsFound(1_024, settings({})).level).toBe('ok')
    expect(descriptorsFound(Number.POSITIVE_INFINITY, two).text).toContain('Any number')
  })

  it('are too little memory for captures, or at all', () => {
    const capturing = settings({ capture: 'all', captureBytes: '2GB' })
    expect(levels(memoryFound(100_000_000, settings({})))).toEqual({ memory_low: 'warning' })
    expect(levels(memoryFound(3_000_000_000, capturing))).toEqual({ memory_captures: 'warning' })
    expect(levels(memoryFound(8_000_000_000, capturing))).toEqual({ memory: 'ok' })
  })
})

it('reads what nvidia-smi and system_profiler print', () => {
  const [card, full] = readNvidia(
    'NVIDIA H100, 81559, 80000, 570.1\nNVIDIA T4, 15360, 100, 570.1\n\nFailed: no devices\n',
  )
  expect(card?.text).toBe(
    'NVIDIA H100 with 79.6 GiB of memory, 78.1 GiB of it free (driver 570.1).',
  )
  expect(full).toMatchObject({ code: 'gpu_full', level: 'hint' })
  expect(readNvidia('NVIDIA-SMI has failed because it could not communicate')).toEqual([])
  const apple = JSON.stringify({ SPDisplaysDataType: [{ sppci_model: 'Apple M3 Max' }] })
  expect(appleFound(apple)[0]?.text).toContain('Apple M3 Max')
  expect(appleFound(undefined)).toEqual([])
})

it('reads who listens', () => {
  const row = (local: string, state: string, inode: number) =>
    `   0: ${local} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000  1000        0 ${inode} 1 0 100 0 0 10 0`
  const table = [
    '  sl  local_address',
    row('0100007F:2253', '0A', 77),
    row('0100007F:2253', '01', 78),
    row('0100007F:2254', '0A', 79),
  ]
  expect(inodesOf(table.join('\n'), 0x2253)).toEqual(['77'])
  expect(readLsof('p123\ncnode\nf20\n')).toEqual({ pid: 123, name: 'node' })
  expect(readLsof('')).toBeUndefined()
  const ss = 'LISTEN 0 511 127.0.0.1:8787 0.0.0.0:* users:(("bun",pid=9,fd=20))\n'
  expect(readSs(ss)).toEqual({ pid: 9, name: 'bun' })
  expect(readSs('')).toBeUndefined()
})
