import { spawn } from 'node:child_process'
import { createServer } from 'node:net'
import { promisify } from 'node:util'
import { afterAll, describe, expect, it } from 'vitest'
import { VERSION } from '../../src/version.ts'
import { needs } from '../support/hosts.ts'
import { postChat } from '../support/read.ts'
import {
  type HostName,
  runToEnd,
  type Server,
  startServer,
  useServerWith,
} from '../support/server.ts'
import { closedPort, startUpstream, type Upstream } from '../support/upstream.ts'

/** The command: what it refuses, what it prints, what it logs, how it ends. */
export function startup(host: HostName): void {
  describe('what it refuses', needs(host, 'process'), () => refusals(host))
  describe('what it explains', needs(host, 'process'), () => explanations(host))
  describe('what it prints', needs(host, 'process'), () => output(host))
  describe('what it logs', () => logs(host))
  describe('how it ends', () => endings(host))
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

function output(host: HostName): void {
  let upstream: Upstream
  const model = 'it\'s/a $HOME `model` "x"'
  const server = useServerWith(host, async () => {
    upstream = await startUpstream({
      models: [
        { id: model, object: 'model', created: 1, owned_by: 'tests' },
        { id: 'another', object: 'model', created: 1, owned_by: 'tests' },
      ],
      script: { persona: 'openai' },
    })
    const gone = await closedPort()
    const flags = [
      '--upstream',
      `lab=${upstream.url}`,
      '--upstream',
      `gone=http://127.0.0.1:${gone}`,
    ]
    return { flags }
  })
  afterAll(() => upstream.close())

  it('says where it listens, and on what', async () => {
    await server.untilStderr('curl')
    const [first] = server.stderr().split('\n')
    expect(first).toMatch(new RegExp(`^sluice ${VERSION} on ${host}.* listens at ${server.base}$`))
  })

  it('says which engines there are, their models, and which could not be asked', async () => {
    await server.untilStderr('curl')
    const lines = server.stderr().split('\n')
    expect(lines.find((line) => /^ +lab /.test(line))).toContain(`${model}, another`)
    expect(lines.find((line) => /^ +static /.test(line))).toContain('static')
    expect(lines.find((line) => /^ +gone /.test(line))).toMatch(/can't be reached/)
  })

  it('prints a curl line that streams, whatever the model is called', async () => {
    await server.untilStderr(/curl -N .*'\n/)
    const out = await runShell(curlLine(server))
    expect(out.endsWith('data: [DONE]\n\n')).toBe(true)
    const request = await upstream.next()
    expect(request.body).toMatchObject({ model, stream: true })
  })

  it('prints a curl line that streams where there is but static', async () => {
    await using alone = await startServer(host, ['--static-delay', '0'])
    await alone.untilStderr(/curl -N .*'\n/)
    const out = await runShell(curlLine(alone))
    expect(out.endsWith('data: [DONE]\n\n')).toBe(true)
    expect(out).toContain('"model":"static"')
  })

  it('writes no colours and nothing but the log where it is no terminal', () => {
    expect(server.stderr()).not.toContain('\u001b')
    for (const line of server.stdout().split('\n').filter(Boolean)) JSON.parse(line)
  })

  it('warns where other machines can reach it', async () => {
    await using open = await startServer(host, ['--host', '0.0.0.0', '--insecure'])
    expect(open.stderr()).toMatch(/^Warning: Other machines can reach this address/m)
    expect((await fetch(`http://127.0.0.1:${open.port}/health`)).status).toBe(200)
  })

  it('takes its settings from the environment, flags before it', async () => {
    await using set = await startServer(host, ['--static-text', 'flag'], {
      SLUICE_CONFIG: '{"staticText": "config", "staticDelay": 0, "maxBody": 5000}',
      SLUICE_STATIC_TEXT: 'variable',
      SLUICE_MAX_BODY: '2kB',
    })
    const answer = await postChat(set.base, { model: 'static', stream: false })
    expect(await answer.json()).toMatchObject({ choices: [{ message: { content: 'flag' } }] })
    const large = await postChat(set.base, { user: 'x'.repeat(3_000) })
    expect(large.status).toBe(413)
    await large.body?.cancel()
  })
}

function curlLine(server: Server): string {
  const line = server
    .stderr()
    .split('\n')
    .find((text) => text.trim().startsWith('curl -N'))
  if (!line) throw new Error(`No curl line:\n${server.stderr()}`)
  return line
}

async function runShell(line: string): Promise<string> {
  const child = spawn('sh', ['-c', line], { stdio: ['ignore', 'pipe', 'ignore'] })
  let out = ''
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    out += part
  })
  const code = await new Promise((resolve) => child.once('close', resolve))
  expect(code).toBe(0)
  return out
}

function logs(host: HostName): void {
  let upstream: Upstream
  const server = useServerWith(host, async () => {
    upstream = await startUpstream({ persona: 'openai' })
    return { flags: ['--static-delay', '20', '--upstream', `lab=${upstream.url}`] }
  })
  afterAll(() => upstream.close())
  const entryOf = async (response: Response) => {
    await response.text()
    const id = response.headers.get('x-request-id')
    const entry = await server.nextLog((each) => each.id === id)
    expect(new Date(entry.time).toISOString()).toBe(entry.time)
    expect(Math.abs(Date.parse(entry.time) - Date.now())).toBeLessThan(10_000)
    expect(entry.durationMs).toBeGreaterThanOrEqual(0)
    return entry
  }

  it('a stream', async () => {
    const entry = await entryOf(await postChat(server.base, { model: 'static' }))
    expect(entry).toMatchObject({
      method: 'POST',
      path: '/v1/chat/completions',
      model: 'static',
      engine: 'static',
      status: 200,
      tokens: 13,
      outcome: 'finished',
    })
    expect(entry.firstTokenMs).toBeLessThan(150)
    // Twelve pauses of 20 ms: the line comes at the end, not at the headers.
    expect(entry.durationMs).toBeGreaterThan(200)
    expect(entry.durationMs).toBeLessThan(3_000)
  })

  it('a stream of an upstream, usage unasked', async () => {
    const response = await postChat(server.base, { model: 'gpt-4.1' })
    expect(await entryOf(response)).toMatchObject({
      model: 'gpt-4.1',
      engine: 'lab',
      tokens: 9,
      outcome: 'finished',
    })
  })

  it('a whole answer', async () => {
    for (const model of ['static', 'gpt-4.1']) {
      const entry = await entryOf(await postChat(server.base, { model, stream: false }))
      expect(entry).toMatchObject({ status: 200, model, outcome: 'ok' })
      expect(entry.tokens).toBeGreaterThan(5)
    }
  })

  it('a stream that failed', async () => {
    const script = {
      steps: [
        {
          chunk: {
            id: 'a',
            object: 'chat.completion.chunk',
            created: 1,
            model: 'gpt-4.1',
            choices: [
              { index: 0, delta: { role: 'assistant', content: 'x' }, finish_reason: null },
            ],
          },
        },
        { wait: 100 },
        { cut: true },
      ],
    }
    const entry = await entryOf(await postChat(server.base, { model: 'gpt-4.1', script }))
    expect(entry).toMatchObject({ status: 200, outcome: 'failed', code: 'upstream_truncated' })
  })

  it('refusals and other answers', async () => {
    const get = (path: string, init?: RequestInit) => fetch(server.url + path, init)
    expect(await entryOf(await get('/health'))).toMatchObject({
      method: 'GET',
      path: '/health',
      status: 200,
      outcome: 'ok',
    })
    expect(await entryOf(await get('/nowhere?secret=1'))).toMatchObject({
      path: '/nowhere',
      status: 404,
      outcome: 'refused',
      code: 'not_found',
    })
    expect(await entryOf(await postChat(server.base, { n: 0 }))).toMatchObject({
      status: 400,
      outcome: 'refused',
      code: 'invalid_value',
    })
    expect(await entryOf(await get('/v1/models', { method: 'HEAD' }))).toMatchObject({
      method: 'HEAD',
      status: 200,
    })
  })

  it('one line a request, and never what was said', async () => {
    const before = server.log.length
    const content = 'a secret in the conversation'
    const ask = () => postChat(server.base, { messages: [{ role: 'user', content }] })
    await Promise.all(Array.from({ length: 10 }, async () => (await ask()).text()))
    await expect.poll(() => server.log.length - before).toBe(10)
    expect(server.stdout() + server.stderr()).not.toContain('secret')
  })

  it('as text, where that is asked for', async () => {
    await using text = await startServer(host, ['--log', 'text', '--static-delay', '0'])
    await (await postChat(text.base, { model: 'static' })).text()
    const line =
      /^\d\d:\d\d:\d\d POST \/v1\/chat\/completions static 200 first \d+ ms 13 tokens \d+ ms finished\n$/
    await expect.poll(() => text.stdout()).toMatch(line)
  })

  it('nothing, where that is asked for', async () => {
    await using quiet = await startServer(host, ['--log', 'none', '--static-delay', '0'])
    await (await postChat(quiet.base, { model: 'static' })).text()
    expect(await quiet.stop()).toBe(0)
    expect(quiet.stdout()).toBe('')
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
