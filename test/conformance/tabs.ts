import { spawn } from 'node:child_process'
import Anthropic from '@anthropic-ai/sdk'
import { Ollama } from 'ollama'
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { check } from '../../src/check/check.ts'
import { violationsOf } from '../../src/check/violations.ts'
import { needs } from '../support/hosts.ts'
import { type HostName, type Server, startServer, useServer } from '../support/server.ts'
import { tabModel as model, openTab, type TestTab, tabState } from '../support/tab.ts'

const TEXT = 'Water finds its way.'
const tokens = ['Water', ' finds', ' its', ' way', '.']
const messages = [{ role: 'user' as const, content: 'Hi' }]

/** Clients as they are, whose answers come from a tab. */
export function tabs(host: HostName): void {
  // On workerd a client that leaves is noticed by a heartbeat.
  const flags = ['--heartbeat', '200', '--header-wait', '200']
  const server = useServer(host, host === 'workerd' ? [...flags, '--tabs'] : flags)
  describe('that answers', () => answering(host, server))
  describe('that leaves', () => leaving(server))
  describe('of a server that stops', needs(host, 'process'), () => {
    stopping(host, host === 'workerd' ? [...flags, '--tabs'] : flags)
  })
}

function answering(host: HostName, server: Server): void {
  let tab: TestTab
  beforeAll(async () => {
    tab = await openTab(server.url, { tokens })
  })
  afterAll(() => tab[Symbol.dispose]())

  it('is listed at once, and says where it is', async () => {
    const list = (await (await fetch(`${server.base}/models`)).json()) as { data: object[] }
    expect(list.data[0]).toMatchObject({ id: model, owned_by: 'tab/browser', loaded: true })
    const health = await (await fetch(`${server.url}/health/ready`)).json()
    expect(JSON.stringify(health)).toContain('tab/browser')
    const list2 = await (await fetch(`${server.base}/tabs`)).json()
    expect(list2).toMatchObject({ data: [{ object: 'tab', name: 'browser', running: 0 }] })
  })

  it('answers curl', needs(host, 'sockets'), async () => {
    const body = JSON.stringify({ model, messages, stream: true })
    const output = await curl([`${server.base}/chat/completions`, '-d', body])
    expect(output.startsWith('data: {')).toBe(true)
    expect(output.endsWith('data: [DONE]\n\n')).toBe(true)
    const said = [...output.matchAll(/"content":"([^"]*)"/g)].map(([, text]) => text).join('')
    expect(said).toBe(TEXT)
  })

  it('answers the SDK of OpenAI: chats, streamed and whole, and responses', async () => {
    const client = new OpenAI({ apiKey: 'none', baseURL: server.base, maxRetries: 0 })
    const whole = await client.chat.completions.create({ model, messages })
    expect(whole.choices[0]).toMatchObject({ message: { content: TEXT }, finish_reason: 'stop' })
    const stream = client.chat.completions.stream({ model, messages })
    expect(await stream.finalContent()).toBe(TEXT)
    const events = client.responses.stream({ model, input: 'Hi' })
    expect(await events.finalResponse()).toMatchObject({ status: 'completed', output_text: TEXT })
  })

  it('answers the SDK of Anthropic', async () => {
    const client = new Anthropic({ apiKey: 'none', baseURL: server.url, maxRetries: 0 })
    const message = await client.messages.stream({ model, max_tokens: 99, messages }).finalMessage()
    expect(message).toMatchObject({ stop_reason: 'end_turn', content: [{ text: TEXT }] })
  })

  it("answers Ollama's client", async () => {
    const client = new Ollama({ host: server.url })
    let said = ''
    for await (const part of await client.chat({ model, messages, stream: true })) {
      said += part.message.content
    }
    expect(said).toBe(TEXT)
  })

  it('answers what a coding agent sends', async () => {
    const response = await fetch(`${server.base}/messages?beta=true`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'anthropic-version': '2023-06-01',
        'anthropic-beta': 'claude-code-20250219,interleaved-thinking-2025-05-14',
        'user-agent': 'claude-cli/2.1.0 (external, cli)',
      },
      body: JSON.stringify({
        ...{ model, max_tokens: 512, stream: true, temperature: 1 },
        system: [
          { type: 'text', text: 'You are an agent.' },
          { type: 'text', text: 'Be brief.', cache_control: { type: 'ephemeral' } },
        ],
        messages: [{ role: 'user', content: [{ type: 'text', text: 'Go.' }] }],
        metadata: { user_id: 'user_1' },
      }),
    })
    const text = await response.text()
    expect(text).toContain('event: message_stop')
    expect(text).toContain('"stop_reason":"end_turn"')
  })

  it('keeps every rule of a stream in every API', async () => {
    const path = { chat: 'chat/completions', messages: 'messages', responses: 'responses' }
    const endpoints = Object.entries({ ...path, completions: 'completions' })
    const report = await check({
      ...{ url: server.base, model, headers: {}, key: undefined, by: 'a test' },
      endpoints: Object.fromEntries(endpoints.map(([name, at]) => [name, `${server.base}/${at}`])),
      fetch: (input, init) => fetch(input, init),
      signal: AbortSignal.timeout(20_000),
    })
    expect(report.dialects).toHaveLength(4)
    const broken = violationsOf(report).map(({ finding }) => finding)
    // The stand-in for the GPU says the same whatever it is asked for.
    expect(broken.filter(({ rule }) => rule !== 'structured-json')).toEqual([])
  })
}

function leaving(server: Server): void {
  const ask = (body: object = {}) =>
    fetch(`${server.base}/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model, messages, stream: true, ...body }),
    })

  it('after its first token ends the stream with an error, and is no longer listed', async () => {
    using tab = await openTab(server.url, { isEndless: true, tokenDelay: 5 })
    const response = await ask()
    const reader = (response.body as ReadableStream<Uint8Array>).getReader()
    let text = ''
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      text += new TextDecoder().decode(part.value)
      if (text.includes('"content":"')) tab.link.leave()
    }
    expect(text.match(/"code":"engine_lost"/g)).toHaveLength(1)
    expect(text).not.toContain('[DONE]')
    const list = (await (await fetch(`${server.base}/models`)).json()) as { data: object[] }
    expect(JSON.stringify(list.data)).not.toContain('tab/browser')
  })

  it('before its first token leaves the request to another one', async () => {
    using first = await openTab(server.url, { prefillDelay: 20_000 })
    const response = ask({ stream: false })
    await expect.poll(() => first.standIn.seen.prompts.length).toBe(1)
    using _second = await openTab(server.url, { tokens })
    first.link.leave()
    const answer = (await (await response).json()) as { choices: unknown[] }
    expect(answer.choices[0]).toMatchObject({ message: { content: TEXT } })
  })

  it('is stopped when its client hangs up', async () => {
    using tab = await openTab(server.url, { isEndless: true, tokenDelay: 5 })
    const response = await ask()
    const reader = (response.body as ReadableStream<Uint8Array>).getReader()
    await reader.read()
    await reader.cancel()
    await expect.poll(() => tab.standIn.seen.stops, { timeout: 5_000 }).toBe(1)
  })

  it('is not asked while it is paused', async () => {
    using tab = await openTab(server.url, { tokens })
    tab.link.change({ ...tabState, paused: true })
    await expect.poll(async () => (await ask()).status).toBe(404)
    tab.link.change(tabState)
    await expect.poll(async () => (await ask()).status).toBe(200)
  })
}

function stopping(host: HostName, flags: string[]): void {
  it('is let finish what it answers when the server stops, and is not waited for when idle', async () => {
    await using server = await startServer(host, [...flags, '--grace', '8s'])
    const many = Array.from({ length: 60 }, (_, n) => ` w${n}`)
    using _busy = await openTab(server.url, { tokens: many, tokenDelay: 20 })
    const response = await fetch(`${server.base}/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model, messages, stream: true }),
    })
    const reader = (response.body as ReadableStream<Uint8Array>).getReader()
    await reader.read()
    using _idle = await openTab(server.url)
    const stoppedAt = performance.now()
    const stopped = server.stop()
    let text = ''
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      text += new TextDecoder().decode(part.value)
    }
    expect(text).toContain(' w59')
    expect(text.endsWith('data: [DONE]\n\n')).toBe(true)
    expect(await stopped).toBe(0)
    expect(performance.now() - stoppedAt).toBeLessThan(7_000)
  })
}

/** What `curl -N` prints. */
async function curl(args: string[]): Promise<string> {
  const child = spawn('curl', [
    '-sSN',
    '--max-time',
    '15',
    '-H',
    'content-type: application/json',
    ...args,
  ])
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    output += part
  })
  await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve))
  return output
}
