import { execFile } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CA, CERT, KEY } from '../support/certificate.ts'
import { rawRequest } from '../support/read.ts'
import { nextFor, type Relay, tag, useRelay } from '../support/relay.ts'
import { type HostName, runToEnd } from '../support/server.ts'
import { pace } from '../support/talk.ts'

const run = promisify(execFile)
const SECURE = ['--tls-cert', CERT, '--tls-key', KEY]
const messages = [{ role: 'user', content: 'Go.' }]

/** The same over https, and what it says of a certificate that won't do. */
export function tls(host: HostName): void {
  describe('over https', () => {
    const relay = useRelay(host, { flags: [...SECURE, '--heartbeat', '300ms'] })
    serving(relay)
  })
  describe('what it refuses', () => refusals(host))
}

function serving(relay: Relay): void {
  it('says so', () => {
    expect(relay.server.stderr()).toContain(` listens at https://127.0.0.1:${relay.server.port}/v1`)
  })

  it('streams token by token', async () => {
    const body = tag({ model: 'm', stream: true, messages, script: pace(5, 100) })
    const client = await rawRequest({ port: relay.server.port, ca: CA, body })
    await client.waitFor('data: [DONE]')
    const [first = 0] = client.arrivals
    expect((client.arrivals.at(-1) ?? 0) - first).toBeGreaterThan(250)
    expect(client.status()).toBe(200)
    client.hangUp()
  })

  it('stops the engine of a client that leaves', async () => {
    const body = tag({ model: 'm', stream: true, messages, script: pace(2_000, 20) })
    const client = await rawRequest({ port: relay.server.port, ca: CA, body })
    const upstream = await nextFor(relay, body)
    await client.waitFor('"tok"')
    client.hangUp()
    await upstream.closedWithin(2_000)
    await relay.server.nextLog(({ outcome }) => outcome === 'cancelled')
  })

  it('serves the openai SDK', async () => {
    const code = `
      import OpenAI from 'openai'
      const client = new OpenAI({ baseURL: '${relay.server.base}', apiKey: 'none', maxRetries: 0 })
      const messages = ${JSON.stringify(messages)}
      const stream = await client.chat.completions.create({ model: 'gpt-4.1', stream: true, messages })
      for await (const chunk of stream) process.stdout.write(chunk.choices[0]?.delta?.content ?? '')`
    const env = { ...process.env, NODE_EXTRA_CA_CERTS: CERT }
    const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', code], { env })
    expect(stdout).toBe('The quick brown fox jumps over the lazy dog.')
  })

  it('serves nobody without TLS', async () => {
    await expect(fetch(`http://127.0.0.1:${relay.server.port}/health`)).rejects.toThrow()
    const client = await rawRequest({ port: relay.server.port, ca: CA, path: '/health' })
    await client.waitFor('"ok"')
    client.hangUp()
  })
}

function refusals(host: HostName): void {
  let folder = ''
  const at = (name: string) => join(folder, name)
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'sluice-tls-'))
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const pem = { type: 'pkcs8', format: 'pem' } as const
    writeFileSync(at('other.pem'), privateKey.export(pem))
    const lock = { cipher: 'aes-256-cbc', passphrase: 'x' }
    writeFileSync(at('locked.pem'), privateKey.export({ ...pem, ...lock }))
    writeFileSync(at('text.pem'), 'Dear diary')
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it.each<[string, () => string[], RegExp]>([
    ['a certificate alone', () => ['--tls-cert', CERT], /tlsKey: .*of tlsCert.*--tls-key FILE/],
    ['a key alone', () => ['--tls-key', KEY], /tlsCert: .*of tlsKey.*--tls-cert FILE/],
    [
      'a file that is not there',
      () => pair(at('gone.pem'), KEY),
      /tlsCert: cannot read .*gone\.pem" \(there is no such file\); name a PEM file/,
    ],
    ['a folder', () => pair(CERT, folder), /tlsKey: cannot read .*; name a PEM file/],
    [
      'what is no certificate',
      () => pair(at('text.pem'), KEY),
      /tlsCert: expected a certificate in PEM, .*BEGIN CERT.*text\.pem" holds none/,
    ],
    ['a key for a certificate', () => pair(KEY, KEY), /tlsCert: expected a certificate/],
    [
      'what is no key',
      () => pair(CERT, at('text.pem')),
      /tlsKey: expected a private key in PEM, .*BEGIN PRIVATE KEY.*text\.pem" holds none/,
    ],
    ['the key of another', () => pair(CERT, at('other.pem')), /tlsKey: .*is not the key of/],
    [
      'a key with a passphrase',
      () => pair(CERT, at('locked.pem')),
      /tlsKey: .*passphrase.*openssl/,
    ],
  ])('%s, in one line and with code 2', async (_, flags, words) => {
    const { code, stderr } = await runToEnd(host, ['--port', '0', '--no-discover', ...flags()])
    expect(stderr).toMatch(/^sluice: [^\n]+\n$/)
    expect(stderr).toMatch(words)
    expect(code).toBe(2)
  })
}

function pair(cert: string, key: string): string[] {
  return ['--tls-cert', cert, '--tls-key', key]
}
