// Clients of a tab that hang up: in prefill, in mid-stream and in the queue.

import { expect } from 'vitest'
import { serveEngine } from '../../src/engines/remote/serve-engine.ts'
import { Link } from '../../src/tabs/link.ts'
import { type Paced, type PacedOptions, pacedEngine } from './tab-engine.ts'
import { create, url } from './tab-scene.ts'

export async function joinPaced(options: PacedOptions) {
  const scene = create()
  const engine: Paced = pacedEngine(options)
  let isJoined = false
  const link = new Link({
    ...{ url, key: 'phone', fetch: scene.send as typeof fetch },
    state: { models: [{ id: 'm', state: 'loaded' }], visible: true, paused: false },
    serve: (port) => serveEngine(port, engine),
    onStatus: ({ kind }) => {
      isJoined = kind === 'joined'
    },
  })
  await expect.poll(() => isJoined).toBe(true)
  const asking = (signal: AbortSignal) =>
    scene.send(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: 'Bearer ann' },
      body: JSON.stringify({
        ...{ model: 'm', stream: true },
        messages: [{ role: 'user', content: 'Hi' }],
      }),
      signal,
    })
  return { ...scene, engine, link, asking }
}

/** Hangs up so many times, each time elsewhere, with another request in the queue. */
export async function hangUps(count: number): Promise<void> {
  const { engine, link, asking, get, ask } = await joinPaced({
    tokens: 10_000,
    every: 2,
    prefill: 5,
  })
  for (let n = 0; n < count; n++) {
    const [first, second] = [new AbortController(), new AbortController()]
    const response = await asking(first.signal)
    const queued = asking(second.signal).catch(() => undefined)
    const reader = response.body?.getReader()
    // Before the engine was asked, while it reads the prompt, and after some tokens.
    for (let packets = n % 3; packets > 0; packets--) await reader?.read()
    if (n % 2 === 0) second.abort(new Error('left the queue'))
    first.abort(new Error('left'))
    await reader?.cancel().catch(() => {})
    second.abort(new Error('left'))
    await (await queued)?.body?.cancel().catch(() => {})
    await expect.poll(() => engine.running, { timeout: 1_000, interval: 2 }).toBe(0)
  }
  expect(engine.most).toBe(1)
  expect(engine.stopped).toBe(engine.begun)
  // The next one is answered, and nothing is left.
  const { status } = await ask({ max_tokens: 5 })
  expect(status).toBe(200)
  const [tab] = (await get('/v1/tabs', 'root')).data
  expect(tab.running).toBe(0)
  expect((await get('/health', 'root')).waiting).toBe(0)
  link.leave()
}
