// The worker edge-chat in a real workerd, as Cloudflare would run it: anyone can reach it, so it has keys.

import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { edgeChat } from '../../scripts/edge-chat.mjs'
import { binaryOf } from '../../scripts/hosts.mjs'
import { startUpstream, type Upstream } from '../support/upstream.ts'

const hash = (key: string) => `sha256:${createHash('sha256').update(key).digest('hex')}`

const keys = [
  { name: 'ann', hash: hash('ann') },
  { name: 'slow', hash: hash('slow'), requestsPerMinute: 2 },
  { name: 'root', hash: hash('root'), admin: true },
]

/** A capnp text. */
const text = (value: unknown) => JSON.stringify(JSON.stringify(value))

const configOf = (settings: object) => `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = (
      modules = [(name = "worker.js", esModule = embed "worker.js")],
      compatibilityDate = "2026-11-17",
      globalOutbound = "upstreams",
      bindings = [
        (name = "SLUICE_CONFIG", text = ${text(settings)}),
        (name = "KEY_LIMITS", durableObjectNamespace = "KeyLimits"),
      ],
      durableObjectNamespaces = [
        (className = "KeyLimits", uniqueKey = "limits", enableSql = true),
      ],
      durableObjectStorage = (inMemory = void),
    )),
    (name = "upstreams", network = (allow = ["local", "private", "public"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
`

async function start(settings: object) {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-edge-chat-'))
  writeFileSync(join(folder, 'config.capnp'), configOf(settings))
  await build({
    ...edgeChat,
    outfile: join(folder, 'worker.js'),
  })
  const child = spawn(
    binaryOf('workerd'),
    ['serve', join(folder, 'config.capnp'), '--control-fd=3'],
    { stdio: ['ignore', 'pipe', 'pipe', 'pipe'] },
  )
  let log = ''
  for (const output of [child.stdout, child.stderr]) {
    ;(output as Readable).on('data', (data) => {
      log += String(data)
    })
  }
  const [line] = await once(createInterface({ input: child.stdio[3] as Readable }), 'line')
  const { port } = JSON.parse(String(line)) as { port: number }
  return {
    url: `http://127.0.0.1:${port}`,
    log: () => log,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await once(child, 'exit')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

let upstream: Upstream
let server: Awaited<ReturnType<typeof start>>

beforeAll(async () => {
  upstream = await startUpstream()
  server = await start({
    ...{ keys, log: 'json', headerWait: 100, heartbeat: 200 },
    upstream: [{ label: 'gpu', url: upstream.url }],
    allowOrigin: ['https://app.example'],
  })
})

afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await upstream.close()
})

function ask(path: string, key: string | undefined, init: RequestInit & { json?: object } = {}) {
  const { json, headers, ...rest } = init
  return fetch(`${server.url}${path}`, {
    ...rest,
    ...(json && { method: 'POST', body: JSON.stringify(json) }),
    headers: {
      ...(key && { authorization: `Bearer ${key}` }),
      ...(json && { 'content-type': 'application/json' }),
      ...(headers as Record<string, string>),
    },
  })
}

const chat = (more: object = {}) => ({
  model: upstream.models[0]?.id,
  messages: [{ role: 'user', content: 'Hi' }],
  ...more,
})

async function codeOf(response: Response): Promise<string> {
  const { error } = (await response.json()) as { error: { code: string } }
  return `${response.status} ${error.code}`
}

describe('edge-chat', () => {
  it('streams what its upstream answers, by the contract of every stream', async () => {
    const response = await ask('/v1/chat/completions', 'ann', { json: chat({ stream: true }) })
    expect(response.status).toBe(200)
    const body = await response.text()
    expect(body).toMatch(/"role":"assistant"/)
    expect(body).toMatch(/"finish_reason":"stop"/)
    expect(body).toMatch(/data: \[DONE\]\n\n$/)
  })

  it('answers in one piece, lists models and shows its health and what a key has used', async () => {
    const whole = await ask('/v1/chat/completions', 'ann', { json: chat() })
    expect(whole.status).toBe(200)
    expect(await whole.text()).toContain('"finish_reason":"stop"')
    const models = await (await ask('/v1/models', 'ann')).text()
    for (const { id } of upstream.models) expect(models).toContain(`"${id}"`)
    const health = (await (await ask('/health', 'root')).json()) as object
    expect(health).toMatchObject({ status: 'ok', state: { kind: 'objects' } })
    const usage = await (await ask('/v1/usage', 'ann')).text()
    expect(usage).toContain('"ann"')
  })

  it('sends a large request on as it came, though it parses it at once', async () => {
    const text = 'é\u2028"'.repeat(200_000)
    const from = upstream.requests.length
    const asked = chat({ messages: [{ role: 'user', content: text }], seed: 1 })
    const response = await ask('/v1/chat/completions', 'ann', { json: asked })
    expect(response.status).toBe(200)
    await response.text()
    const sent = upstream.requests.slice(from).find(({ path }) => path.includes('chat'))
    expect(sent?.body).toMatchObject(asked)
  })

  it('has no built-in model', async () => {
    const named = await ask('/v1/chat/completions', 'ann', { json: chat({ model: 'static' }) })
    expect(named.status).toBe(404)
    expect(await named.text()).toContain('of the part \\"builtIn\\"')
    expect(await (await ask('/v1/models', 'ann')).text()).not.toContain('"static"')
  })

  it('ends a stream that its upstream breaks with one error and no end marker', async () => {
    const script = {
      steps: [{ chunk: { choices: [{ index: 0, delta: { content: 'a' } }] } }, { cut: true }],
    }
    const response = await ask('/v1/chat/completions', 'ann', {
      json: chat({ stream: true, script }),
    })
    const body = await response.text()
    expect(body.match(/"error"/g)).toHaveLength(1)
    expect(body).not.toContain('[DONE]')
  })

  it('stops its upstream when a client leaves', async () => {
    const control = new AbortController()
    const frame = { choices: [{ index: 0, delta: { content: 'a' } }] }
    const script = { steps: [{ repeat: 2_000, steps: [{ chunk: frame }, { wait: 20 }] }] }
    const from = upstream.requests.length
    const response = await ask('/v1/chat/completions', 'ann', {
      json: chat({ stream: true, script }),
      signal: control.signal,
    })
    await response.body?.getReader().read()
    control.abort()
    await upstream.requests
      .slice(from)
      .find(({ path }) => path.includes('chat'))
      ?.closedWithin(10_000)
  })

  it('knows its keys, holds them to their limits and lets known origins ask', async () => {
    const unknown = await ask('/v1/chat/completions', 'eve', { json: chat() })
    expect(await codeOf(unknown)).toBe('401 invalid_api_key')
    expect(await codeOf(await ask('/v1/models', undefined))).toBe('401 missing_api_key')
    const answers = []
    for (let i = 0; i < 3; i++) {
      const answer = await ask('/v1/chat/completions', 'slow', { json: chat() })
      await answer.text()
      answers.push(answer)
    }
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 429])
    expect(answers[2]?.headers.get('retry-after')).toMatch(/^\d+$/)
    const origin = 'https://app.example'
    const allowed = await ask('/v1/models', 'ann', { headers: { origin } })
    expect(allowed.headers.get('access-control-allow-origin')).toBe(origin)
    const other = await ask('/v1/models', 'ann', { headers: { origin: 'https://evil.example' } })
    expect(other.status).toBe(403)
  })

  it.each([
    ['/v1/messages', 'messages'],
    ['/v1/responses', 'responses'],
    ['/v1/embeddings', 'embeddings'],
    ['/api/chat', 'ollama'],
    ['/v1/audio/speech', 'passThrough'],
  ])('says that %s is left out, to those who may know', async (path, part) => {
    const response = await ask(path, 'ann', { json: chat() })
    expect(response.status).toBe(404)
    expect(await response.text()).toContain(`without the part \\"${part}\\"`)
    expect((await ask(path, undefined, { json: chat() })).status).toBe(401)
  })

  it('has a link to no page of its own in its errors', async () => {
    const { error } = (await (await ask('/v1/models/none', 'ann')).json()) as { error: object }
    expect(error).not.toHaveProperty('doc_url')
  })
})

it.each([
  [{ activity: 5 }, 'activity', 'is of the part \\"activity\\"'],
  [{ affinity: 'off' }, 'affinity', 'is of the part \\"affinity\\"'],
  [{ port: 80 }, 'port', 'is for a server that sluice starts'],
  [{ keys: [{ ...keys[0], resumable: true }] }, 'keys[0].resumable', 'of the part \\"streams\\"'],
])('edge-chat refuses to answer with %j, and its log says why', async (settings, name, why) => {
  await using refused = await start({ keys, ...settings })
  const response = await fetch(`${refused.url}/health`)
  expect(response.status).toBe(503)
  expect(await response.text()).toContain('settings_invalid')
  await expect.poll(refused.log).toContain(name)
  expect(refused.log()).toContain(why.replaceAll('\\', ''))
})
