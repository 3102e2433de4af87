import { spawn } from 'node:child_process'
import { afterAll, expect, it } from 'vitest'
import { VERSION } from '../../src/version.ts'
import { postChat } from '../support/read.ts'
import { type HostName, type Server, startServer, useServerWith } from '../support/server.ts'
import { closedPort, startUpstream, type Upstream } from '../support/upstream.ts'

export function output(host: HostName): void {
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
