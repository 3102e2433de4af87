import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { type AddressInfo, type Server as Listener, createServer as listen } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Diagnosis } from '../../src/cli/doctor/finding.ts'
import { VERSION } from '../../src/version.ts'
import { needs } from '../support/hosts.ts'
import { type HostName, runToEnd, useServerWith } from '../support/server.ts'
import { closedPort, startUpstream, type Upstream } from '../support/upstream.ts'

interface Told {
  version: string
  problems: number
  warnings: number
  findings: Diagnosis[]
}

/** `sluice doctor`, where all is well and where it is not. */
export function doctor(host: HostName): void {
  describe('where all is well', needs(host, 'process'), () => well(host))
  describe('where much is wrong', needs(host, 'process'), () => broken(host))
}

async function told(host: HostName, args: string[], env: Record<string, string> = {}) {
  const clean = { HTTP_PROXY: '', http_proxy: '', HTTPS_PROXY: '', https_proxy: '', ...env }
  const { code, stdout, stderr } = await runToEnd(
    host,
    ['doctor', '--json', '--no-discover', ...args],
    clean,
    30_000,
  )
  const report = JSON.parse(stdout) as Told
  const found = Object.fromEntries(report.findings.map((each) => [each.code, each]))
  return { code, stdout, stderr, report, found }
}

function well(host: HostName): void {
  let upstream: Upstream
  const server = useServerWith(host, async () => {
    upstream = await startUpstream({ persona: 'vllm' })
    return { flags: ['--upstream', `gpu=${upstream.url}`] }
  })
  afterAll(() => upstream.close())

  it('it says what is there, and that a sluice runs', async () => {
    const args = ['--port', String(server.port), '--upstream', `gpu=${upstream.url}`]
    const { code, report, found } = await told(host, args)
    expect(code).toBe(0)
    expect(report).toMatchObject({ version: VERSION, problems: 0 })
    expect(found.runtime).toMatchObject({ check: 'runtime', level: 'ok' })
    expect(found.server?.text).toMatch(/^gpu .* answers in \d+ ms and lists \d+ models?: /)
    expect(found.sluice_running?.text).toContain(`sluice ${VERSION} runs at ${server.url}`)
    expect(found.clock).toMatchObject({ level: 'ok' })
    expect(found).not.toHaveProperty('check_failed')
  })

  it('it tells people the same, and asks for a token where that is wanted', async () => {
    const args = [
      'doctor',
      '--try',
      '--no-discover',
      '--port',
      '0',
      '--upstream',
      `gpu=${upstream.url}`,
    ]
    const { code, stdout } = await runToEnd(host, args, {}, 40_000)
    expect(stdout).toMatch(/^sluice \S+ on \w+ \S+\n\nRuntime\n {2}✓ /)
    expect(stdout).toMatch(/\nModel servers\n {2}✓ gpu /)
    expect(stdout).toMatch(/ sent its first event after \d+ ms\./)
    expect(stdout).toMatch(
      /\n\d+ problems?, \d+ warnings?, \d+ hints?\n$|\nEverything that was looked at is in order\.\n$/,
    )
    expect(code).toBe(0)
  })

  it('it has a help', async () => {
    const { code, stdout } = await runToEnd(host, ['doctor', '--help'])
    expect({ code, stdout }).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^usage: sluice doctor /),
    })
  })
}

function broken(host: HostName): void {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-doctor-'))
  const page = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html>')
  })
  const other: Listener = listen((socket) => socket.on('error', () => {}).end())
  const portOf = (server: Listener) => (server.address() as AddressInfo).port

  beforeAll(async () => {
    for (const server of [page, other])
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  })
  afterAll(() => {
    for (const server of [page, other]) server.close()
    rmSync(folder, { recursive: true, force: true })
  })

  it('it names each problem, with what to do, and shows no secret', async () => {
    const dead = await closedPort()
    const redis = await closedPort()
    const args = [
      '--port',
      String(portOf(other)),
      '--upstream',
      `page=http://127.0.0.1:${portOf(page)}`,
      '--upstream',
      `dead=http://127.0.0.1:${dead}`,
    ]
    const { code, stdout, report, found } = await told(host, args, {
      SLUICE_STATE: `redis://:hunter2hunter2@127.0.0.1:${redis}`,
      SLUICE_UPSTREAM_KEY: 'upstream-secret-1,upstream-secret-2',
      HTTP_PROXY: 'http://me:proxysecret@proxy.invalid:3128',
      NO_PROXY: '',
      no_proxy: '',
      SLUCE_PORT: '1',
    })
    expect(code).toBe(1)
    expect(report.problems).toBeGreaterThanOrEqual(3)
    expect(found.port_in_use?.command).toMatch(/--port \d+$/)
    expect(found.answers_html).toMatchObject({ level: 'problem' })
    expect(found.unreachable?.text).toContain('nothing listens there')
    expect(found.proxy_catches_loopback).toMatchObject({ level: 'warning' })
    expect(found.variable_misspelt?.text).toContain('SLUICE_PORT would be')
    expect(found.store_unreachable).toMatchObject({ level: 'problem' })
    expect(stdout).not.toMatch(/hunter2|upstream-secret|proxysecret/)
    for (const each of report.findings)
      if (each.level === 'problem') expect(each.remedy).toMatch(/\S/)
  })

  it('it says all that is wrong in a settings file', async () => {
    const file = join(folder, 'sluice.json')
    writeFileSync(file, '{\n  "port": 99999,\n  "hots": "127.0.0.1"\n}\n')
    const { code, found, report } = await told(host, ['--config', file])
    const wrong = report.findings.filter((each) => each.code === 'settings_wrong')
    expect(code).toBe(1)
    expect(wrong.map(({ text }) => text.replace(folder, ''))).toEqual([
      expect.stringMatching(/^\/sluice\.json:2: port: /),
      expect.stringMatching(/^\/sluice\.json:3: hots: .*Did you mean host/),
    ])
    expect(found.settings?.text).toContain('2 errors')
  })

  it('it fails for a warning only where it is told to be strict', async () => {
    const env = { SLUCE_PORT: '1' }
    expect((await told(host, ['--port', '0'], env)).code).toBe(0)
    expect((await told(host, ['--port', '0', '--strict'], env)).code).toBe(1)
  })
}
