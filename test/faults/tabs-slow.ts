// A client that reads a kilobyte a second of what a tab answers as fast as it can.

import { type IncomingMessage, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import { serveEngine } from '../../src/engines/remote/serve-engine.ts'
import { Link } from '../../src/tabs/link.ts'
import { type HostName, type Server, startServer } from '../support/server.ts'
import { openTab, tabModel } from '../support/tab.ts'
import { type Paced, pacedEngine } from '../support/tab-engine.ts'

const MIB = 1024 * 1024

const FILLING = 'x'.repeat(16 * 1024)
/** 24 MiB of text. */
const TOKENS = 1_536

/** What the sockets and the credit of 64 chunks hold; the rest of the answer waits in the tab. */
const UNDER_WAY = 16 * MIB

/** Milliseconds for another tab's answer while this one waits. */
const SOON = 5_000

/** The tab waits, and nobody else; in the end the client has all of it. `seconds`: for how long it reads slowly. */
export async function slowReader(host: HostName, seconds: number): Promise<void> {
  const more = host === 'workerd' ? ['--tabs'] : []
  await using server = await startServer(host, ['--log', 'none', ...more])
  const engine = pacedEngine({ tokens: TOKENS, every: 0, filling: FILLING })
  using _slow = await joined(server, engine)
  using _other = await openTab(server.url, { tokens: ['at', ' once'] })
  expect(await textOf(await ask(server, tabModel))).toContain(' once')
  const before = server.memory()

  const response = await ask(server, 'paced')
  const sipping = sip(response, seconds)
  await standstill(engine)
  expect(engine.made * FILLING.length).toBeLessThan(UNDER_WAY)
  let most = 0
  for (let isOver = false; !isOver; ) {
    const since = performance.now()
    expect(await textOf(await ask(server, tabModel))).toContain(' once')
    expect(performance.now() - since).toBeLessThan(SOON)
    most = Math.max(most, server.memory() - before)
    isOver = await Promise.race([sipping.then(() => true), sleep(500, false)])
  }
  console.info(`${host}: ${engine.made} tokens made, memory up by ${(most / MIB).toFixed(1)} MiB`)
  expect(engine.made * FILLING.length).toBeLessThan(UNDER_WAY)
  expect(most).toBeLessThan(100 * MIB)

  const text = (await sipping) + (await textOf(response))
  const numbers = [...text.matchAll(/"content":"(\d+) x/g)].map(([, number]) => Number(number))
  expect(numbers).toEqual(Array.from({ length: TOKENS }, (_, number) => number))
  expect(text.endsWith('data: [DONE]\n\n')).toBe(true)
  expect(engine).toMatchObject({ begun: 1, running: 0, stopped: 0 })
}

/** A client that reads nothing is given up after `--client-timeout`, and its tab answers the next one. */
export async function deafReader(host: HostName): Promise<void> {
  const more = host === 'workerd' ? ['--tabs'] : []
  await using server = await startServer(host, ['--client-timeout', '1s', ...more])
  const engine = pacedEngine({ tokens: TOKENS, every: 0, filling: FILLING })
  using _tab = await joined(server, engine)
  const response = await ask(server, 'paced')
  response.on('error', () => {})
  await server.nextLog(({ model, outcome }) => model === 'paced' && outcome === 'cancelled', 10_000)
  await expect.poll(() => engine, { timeout: 3_000 }).toMatchObject({ running: 0, stopped: 1 })
  expect(engine.made * FILLING.length).toBeLessThan(UNDER_WAY)
  const next = await textOf(await ask(server, 'paced', { max_tokens: 3 }))
  expect(next.match(/"content":"\d+ x/g)).toHaveLength(3)
  expect(next.endsWith('data: [DONE]\n\n')).toBe(true)
  response.destroy()
}

/** A tab with this engine, as the model `paced`. */
async function joined(server: Server, engine: Paced): Promise<Disposable> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const link = new Link({
    ...{ url: server.url, key: '' },
    state: { models: [{ id: 'paced', state: 'loaded' }], visible: true, paused: false },
    serve: (port) => serveEngine(port, engine),
    onStatus: ({ kind }) => kind === 'joined' && resolve(),
  })
  await promise
  return { [Symbol.dispose]: () => link.leave() }
}

function ask({ port }: Server, model: string, more: object = {}): Promise<IncomingMessage> {
  const headers = { 'content-type': 'application/json' }
  const path = '/v1/chat/completions'
  const body = { model, stream: true, messages: [{ role: 'user', content: 'Hi' }], ...more }
  return new Promise((resolve, reject) => {
    const asked = request({ port, host: '127.0.0.1', path, method: 'POST', headers, agent: false })
    asked.on('response', resolve).on('error', reject).end(JSON.stringify(body))
  })
}

/** Reads 100 bytes ten times a second; resolves with them. */
async function sip(response: IncomingMessage, seconds: number): Promise<string> {
  let text = ''
  for (let time = 0; time < seconds * 10; time++) {
    text += response.read(100) ?? ''
    await sleep(100)
  }
  return text
}

async function textOf(response: IncomingMessage): Promise<string> {
  let text = ''
  for await (const part of response) text += part
  return text
}

/** Until it has made no token for half a second. */
async function standstill(engine: Paced): Promise<void> {
  for (let last = -1; last < engine.made || last === 0; ) {
    last = engine.made
    await sleep(500)
  }
}
