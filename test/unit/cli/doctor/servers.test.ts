import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { clockFound } from '../../../../src/cli/doctor/checks/clock.ts'
import { contextFound } from '../../../../src/cli/doctor/checks/servers.ts'
import { reachFailure } from '../../../../src/cli/doctor/reach.ts'
import { PORT } from '../../../../src/settings/command.ts'
import { closedPort } from '../../../support/upstream.ts'
import { checkServers, codes, examination } from './examine.ts'

type Answer = (request: IncomingMessage, response: ServerResponse) => void

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

/** The address of a server that answers so. */
async function serving(answer: Answer): Promise<string> {
  const server = createServer(answer)
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const MODELS = {
  object: 'list',
  data: [{ id: 'm', object: 'model', owned_by: 'vllm', max_model_len: 32_768 }],
}

function json(
  response: ServerResponse,
  value: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(200, { 'content-type': 'application/json', ...headers })
  response.end(JSON.stringify(value))
}

const found = async (upstream: string, env = {}, tries = false) =>
  codes(checkServers, {
    ...(await examination({ upstream: [`gpu=${upstream}`], discover: false }, env)),
    tries,
    program: 'npm start --',
  })

describe('an upstream', () => {
  it('that answers is shown with its version, its time and its models', async () => {
    const url = await serving((request, response) => {
      json(response, request.url === '/version' ? { version: '0.9.1' } : MODELS)
    })
    const { server } = await found(url)
    expect(server).toMatchObject({ level: 'ok' })
    expect(server?.text).toMatch(
      /^gpu \(.*\/v1, vllm 0\.9\.1\) answers in \d+ ms and lists 1 model: m\.$/,
    )
  })

  it('that is not there can be started, and the command to see that is given', async () => {
    const port = await closedPort()
    const { unreachable } = await found(`http://127.0.0.1:${port}`)
    expect(unreachable).toMatchObject({
      level: 'problem',
      command: `curl -sS http://127.0.0.1:${port}/v1/models`,
    })
    expect(unreachable?.text).toContain('nothing listens there')
  })

  it('whose name nobody knows is called so', async () => {
    const { unreachable } = await found('http://no-such-host.invalid:8000')
    expect(unreachable?.text).toMatch(/no such host name|no route/)
  })

  it('that answers with a page is corrected to where its API is', async () => {
    const url = await serving((request, response) => {
      if (request.url === '/v1/models') return json(response, MODELS)
      response.writeHead(200, { 'content-type': 'text/html' })
      response.end('<!doctype html><title>A page</title>')
      return undefined
    })
    const { answers_html: wrong } = await found(`${url}/ui`)
    expect(wrong).toMatchObject({ level: 'problem', command: `--upstream gpu=${url}/v1` })
  })

  it('that answers with other JSON is no server of models', async () => {
    const url = await serving((_, response) => json(response, { hello: 1 }))
    expect((await found(url)).answers_wrong).toMatchObject({ level: 'problem' })
  })

  it('that wants a key says so, without showing the one that it refuses', async () => {
    const url = await serving((_, response) => response.writeHead(401).end('no'))
    expect((await found(url)).key_refused?.text).toContain(
      'asks for a key (status 401), and none is set',
    )
    const examined = await examination({ upstream: [{ url, key: 'secret-key-1', label: 'gpu' }] })
    const { key_refused: refused } = await codes(checkServers, examined)
    expect(refused?.text).toContain('refuses the key')
    expect(JSON.stringify(refused)).not.toContain('secret-key-1')
  })

  it('that redirects is corrected to its final address', async () => {
    const url = await serving((_, response) =>
      response.writeHead(308, { location: 'https://example.com/v1/models' }).end(),
    )
    const { redirects } = await found(url)
    expect(redirects).toMatchObject({
      level: 'problem',
      command: '--upstream gpu=https://example.com/v1',
    })
  })

  it('that speaks no TLS is asked by http', async () => {
    const url = await serving((_, response) => json(response, MODELS))
    const { tls } = await found(url.replace('http:', 'https:'))
    expect(tls).toMatchObject({ level: 'problem', command: `--upstream gpu=${url}/v1` })
  })

  it('that lists no models needs one', async () => {
    const url = await serving((_, response) => json(response, { data: [] }))
    expect((await found(url)).server_without_models).toMatchObject({ level: 'warning' })
  })

  it('whose clock differs shows that this one may be wrong', async () => {
    const date = new Date(Date.now() + 120_000).toUTCString()
    const url = await serving((_, response) => json(response, MODELS, { date }))
    const examined = await examination({ upstream: [`gpu=${url}`] })
    await codes(checkServers, examined)
    const [clock] = clockFound(examined)
    expect(clock).toMatchObject({ code: 'clock_wrong', level: 'warning' })
    expect(clock?.text).toMatch(/^The clock of this machine is 1[12]\d s behind that of gpu/)
  })

  it('is asked for a token only where that is wanted', async () => {
    const asked: string[] = []
    const url = await serving((request, response) => {
      asked.push(`${request.method} ${request.url}`)
      if (request.method === 'GET') return json(response, MODELS)
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.end('data: {"choices":[{"delta":{"content":"Hi"}}]}\n\ndata: [DONE]\n\n')
      return undefined
    })
    expect(await found(url)).not.toHaveProperty('first_token')
    expect(asked).not.toContain('POST /v1/chat/completions')
    expect((await found(url, {}, true)).first_token).toMatchObject({ level: 'ok' })
  })

  it('that streams nothing has a problem', async () => {
    const url = await serving((request, response) => {
      if (request.method === 'GET') return json(response, MODELS)
      response.writeHead(500).end('{"error":{"message":"out of memory"}}')
      return undefined
    })
    const { no_token: none } = await found(url, {}, true)
    expect(none).toMatchObject({ level: 'problem' })
    expect(none?.command).toMatch(/^npm start -- check http/)
  })
})

describe('no server', () => {
  it('leaves the fixed answer, and says how to get one', async () => {
    const { no_server: none } = await codes(checkServers, await examination({ discover: false }))
    expect(none).toMatchObject({ level: 'warning' })
    expect(none?.text).toContain('only the built-in model "static" answers')
  })
})

describe('a server that sluice starts', () => {
  it.each([
    [['node', '--port', PORT], 'command', 'ok'],
    [['no-such-program-1', '--port', PORT], 'command_missing', 'problem'],
  ] as const)('is looked for: %j', async (run, code, level) => {
    const examined = await examination(
      { upstream: [{ label: 'own', models: ['m'], run: [...run] }] },
      { PATH: process.env.PATH ?? '' },
    )
    expect((await codes(checkServers, examined))[code]).toMatchObject({ level })
  })
})

it('finds a context too small for agents', () => {
  const contexts = [{ model: 'qwen3', tokens: 4096 }]
  const [small] = contextFound('ollama', { contexts, server: 'ollama' })
  expect(small).toMatchObject({
    code: 'context_small',
    level: 'hint',
    command: 'OLLAMA_CONTEXT_LENGTH=32768 ollama serve',
  })
  expect(
    contextFound('gpu', { contexts: [{ model: 'm', tokens: 32_768 }], server: 'vllm' }),
  ).toEqual([])
})

it.each([
  [{ code: 'ECONNREFUSED' }, 'refused'],
  [
    {
      name: 'ConnectionRefused',
      message: 'Unable to connect. Is the computer able to access the url?',
    },
    'refused',
  ],
  [{ cause: { code: 'ENOTFOUND' } }, 'name_unknown'],
  [{ errors: [{ code: 'EHOSTUNREACH' }] }, 'no_route'],
  [{ cause: { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' } }, 'tls_untrusted'],
  [{ message: 'invalid peer certificate: UnknownIssuer' }, 'tls_untrusted'],
  [{ cause: { code: 'ERR_TLS_CERT_ALTNAME_INVALID' } }, 'tls_name'],
  [{ message: 'invalid peer certificate: Expired' }, 'tls_expired'],
  [{ code: 'ERR_SSL_WRONG_VERSION_NUMBER' }, 'tls_none'],
  [{ name: 'TimeoutError', message: 'The operation was aborted due to timeout' }, 'timeout'],
  [{ code: 'ECONNRESET' }, 'reset'],
])('names the failure of a connection: %j', (error, code) => {
  expect(reachFailure(error).code).toBe(code)
})
