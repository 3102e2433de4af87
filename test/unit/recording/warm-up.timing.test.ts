import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { tool } from '../../../src/cli/tools/replay.ts'
import { dial } from '../../../src/hosts/node/dial.ts'
import { listen } from '../../../src/hosts/node/listen.ts'
import { replayEngines } from '../../../src/hosts/server/replay-engines.ts'
import type { Runtime } from '../../../src/hosts/server/runtime.ts'
import { formatRecording } from '../../../src/recording/recording.ts'
import { socketFetch } from '../../../src/transport/http1/fetch.ts'
import { noHost } from '../../support/host-facts.ts'
import { sound } from '../../support/zoo/chat.ts'

const folder = mkdtempSync(join(tmpdir(), 'sluice-warm-up-'))
const file = join(folder, 'chat.jsonl')
const setting = { kind: 'replay' as const, file, options: {} }
/** The statuses of all that was answered, and where. */
let statuses: number[]
let ports: number[]
beforeEach(() => {
  statuses = []
  ports = []
})

beforeAll(() => {
  const text = formatRecording({
    recordedAt: '2026-11-23T10:00:00.000Z',
    by: 'a test',
    request: {
      method: 'POST',
      url: 'http://127.0.0.1:1/v1/chat/completions',
      headers: {},
      body: '{"model":"zoo","stream":true}',
    },
    response: { at: 500, status: 200, headers: [['content-type', 'text/event-stream']] },
    packets: sound.map((frame) => ({ at: 500, bytes: new TextEncoder().encode(frame) })),
    end: { at: 500, how: 'end' },
  })
  writeFileSync(file, text)
})
afterAll(() => rmSync(folder, { recursive: true }))

const runtime: Runtime = {
  name: 'a test',
  place: 'node',
  fetch: socketFetch(dial),
  async listen(options) {
    const listener = await listen({
      ...options,
      async fetch(request) {
        const response = await options.fetch(request)
        statuses.push(response.status)
        return response
      },
    })
    ports.push(listener.port)
    return listener
  },
}

it('an engine is played before it is asked for, without waiting, and its port is closed', async () => {
  const begun = performance.now()
  const engines = await replayEngines([setting], runtime)
  expect(engines).toHaveLength(1)
  expect(statuses).toEqual([200, 200, 200, 200, 200])
  // Five times half a second, had it been waited for.
  expect(performance.now() - begun).toBeLessThan(2_000)
  await expect(reach(ports[0] as number)).rejects.toThrow(/ECONNREFUSED/)
})

it('an engine that could not be played before serves all the same', async () => {
  const broken: Runtime = { ...runtime, listen: () => Promise.reject(new Error('no port')) }
  expect(await replayEngines([setting], broken)).toHaveLength(1)
})

it('"sluice replay" answers itself before it says that it listens', async () => {
  const control = new AbortController()
  const answered: number[] = []
  const err = {
    isTerminal: async () => false,
    write() {
      answered.push(statuses.length)
      control.abort()
    },
  }
  const code = await tool.run([file, '--port', '0'], {
    runtime: runtime.name,
    fetch: socketFetch(dial),
    out: err,
    err,
    host: noHost,
    signal: control.signal,
    async serve({ fetch, host, port }) {
      const options = { fetch, port, hostname: host, tls: undefined, bodyTimeout: 1_000 }
      return `http://127.0.0.1:${(await runtime.listen(options)).port}`
    },
  })
  expect(code).toBe(0)
  expect(answered[0]).toBe(5)
  expect(statuses).toEqual([200, 200, 200, 200, 200])
})

function reach(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    connect(port, '127.0.0.1').once('connect', resolve).once('error', reject)
  })
}
