import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { VERSION } from '../../src/version.ts'
import { needs } from '../support/hosts.ts'
import { postChat } from '../support/read.ts'
import { type HostName, runToEnd, startServer } from '../support/server.ts'
import { closedPort, startUpstream } from '../support/upstream.ts'
import { logs } from './startup-logs.ts'
import { output } from './startup-output.ts'

/** The command: what it refuses, what it prints, what it logs, how it ends. */
export function startup(host: HostName): void {
  describe('what it refuses', needs(host, 'process'), () => refusals(host))
  describe('what it explains', needs(host, 'process'), () => explanations(host))
  describe('what it prints', needs(host, 'process'), () => output(host))
  describe('what it logs', () => logs(host))
  describe('how it ends', () => endings(host))
  it('practises after its start, and shows it to nobody', needs(host, 'programs'), () =>
    practises(host),
  )
  it('asks no proxy for a server on this machine', needs(host, 'process'), () => direct(host))
}

/** Words that the one line has to say, in this order. */
type Refused = [name: string, flags: string[], words: RegExp, env?: Record<string, string>]

const wrong: Refused[] = [
  ['an unknown flag', ['--upstraem', 'http://x'], /--upstraem: .*Did you mean --upstream\?/],
  ['a flag without its value', ['--port'], /--port: expected a port .*, got nothing/],
  ['a URL that is none', ['--upstream', 'not a url'], /--upstream: expected an http.*not a url/],
  ['a value that is none', ['--heartbeat', 'soon'], /--heartbeat: expected a time .*"soon"/],
  ['a key as a flag', ['--upstream-key', 'sk-1'], /--upstream-key: .*SLUICE_UPSTREAM_KEY/],
  ['a bad variable', [], /SLUICE_PORT: expected a port .*"http"/, { SLUICE_PORT: 'http' }],
  ['a broken SLUICE_CONFIG', [], /SLUICE_CONFIG: expected a JSON object/, { SLUICE_CONFIG: '{' }],
]

function refusals(host: HostName): void {
  it.each(wrong)('%s, in one line and with code 2', async (_, flags, words, env) => {
    const { code, stdout, stderr } = await runToEnd(host, flags, env)
    expect(stderr).toMatch(/^sluice: [^\n]+\n$/)
    expect(stderr).toMatch(words)
    expect(stderr).not.toContain('sk-1')
    expect(stdout).toBe('')
    expect(code).toBe(2)
  })

  it('a port in use, in one line and with code 2', async () => {
    const other = createServer()
    const port = await new Promise<number>((resolve) => {
      other.listen(0, '127.0.0.1', () => resolve((other.address() as { port: number }).port))
    })
    try {
      const { code, stderr } = await runToEnd(host, ['--port', String(port), '--no-discover'])
      expect(stderr).toMatch(
        new RegExp(`^sluice: port: ${port} is already in use[^\\n]*--port[^\\n]*\\n$`),
      )
      expect(code).toBe(2)
    } finally {
      await promisify(other.close.bind(other))()
    }
  })

  it('a port that another sluice uses, in one line and with code 2', async () => {
    await using other = await startServer(host, ['--no-discover'])
    const { port } = new URL(other.url)
    const { code, stderr } = await runToEnd(host, ['--port', port, '--no-discover'])
    expect(stderr).toMatch(/^sluice: port: \d+ is already in use[^\n]*--port[^\n]*\n$/)
    expect(code).toBe(2)
  })

  it('an address that is not of this machine, in one line and with code 2', async () => {
    const flags = ['--port', '0', '--no-discover', '--insecure', '--host', '192.0.2.1']
    const { code, stderr } = await runToEnd(host, flags)
    expect(stderr).toMatch(
      /^sluice: host: expected an address of this machine, got 192\.0\.2\.1; [^\n]*--host\.\n$/,
    )
    expect(code).toBe(2)
  })
}

function explanations(host: HostName): void {
  it('every flag with its variable', async () => {
    const { code, stdout, stderr } = await runToEnd(host, ['--help'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const flags = ['port', 'host', 'upstream', 'static-delay', 'heartbeat', 'grace', 'log', 'model']
    for (const name of flags) {
      expect(stdout).toContain(`--${name}`)
      expect(stdout).toContain(`SLUICE_${name.replace('-', '_').toUpperCase()}`)
    }
    expect(stdout).toContain('SLUICE_UPSTREAM_KEY')
    expect(stdout).toContain('default 8787')
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(90)
  })

  it('its version', async () => {
    const ended = await runToEnd(host, ['--version'])
    expect(ended).toEqual({ code: 0, stdout: `${VERSION}\n`, stderr: '' })
  })
}

function endings(host: HostName): void {
  it.each(['SIGINT', 'SIGTERM'] as const)('with code 0 after %s', async (signal) => {
    await using server = await startServer(host)
    await (await fetch(`${server.base}/models`)).text()
    const start = performance.now()
    expect(await server.stop(signal)).toBe(0)
    // No stream is open: nothing to wait for, though the client keeps its connection.
    expect(performance.now() - start).toBeLessThan(3_000)
    await expect(fetch(server.url)).rejects.toThrow()
    expect(server.stderr()).not.toMatch(/error|stack/i)
  })
}

/** For as long as it may take, and some time more. */
async function practises(host: HostName): Promise<void> {
  const upstream = await startUpstream({ persona: 'vllm' })
  try {
    await using server = await startServer(host, ['--warm-up', '--upstream', upstream.url])
    await sleep(2_000)
    expect(server.log).toEqual([])
    expect(upstream.requests.filter(({ path }) => !path.endsWith('/models'))).toEqual([])
    const answer = await postChat(server.base, { model: upstream.models[0]?.id, stream: false })
    expect(answer.status).toBe(200)
    await server.nextLog()
    expect(server.log).toHaveLength(1)
    const metrics = await (await fetch(`${server.url}/metrics`)).text()
    expect(metrics.match(/^sluice_requests_total\{.*/gm)).toHaveLength(1)
    expect(server.stderr()).not.toMatch(/error|stack|warm/i)
  } finally {
    await upstream.close()
  }
}

async function direct(host: HostName): Promise<void> {
  const upstream = await startUpstream({ persona: 'vllm' })
  try {
    const nowhere = `http://127.0.0.1:${await closedPort()}`
    const env = { HTTP_PROXY: nowhere, http_proxy: nowhere, NODE_USE_ENV_PROXY: '1' }
    await using server = await startServer(host, ['--upstream', upstream.url], env)
    const answer = await postChat(server.base, { model: upstream.models[0]?.id, stream: false })
    expect(answer.status).toBe(200)
  } finally {
    await upstream.close()
  }
}
