import { createHash } from 'node:crypto'
import { afterAll, describe, expect, it } from 'vitest'
import { needs } from '../support/hosts.ts'
import { errorScript } from '../support/personas/errors.ts'
import { named } from '../support/pool.ts'
import { postChat, readStream } from '../support/read.ts'
import { errorOf } from '../support/relay.ts'
import type { Script } from '../support/script.ts'
import { type HostName, useServerWith } from '../support/server.ts'
import { talk, token } from '../support/talk.ts'
import { startUpstream, type Upstream } from '../support/upstream.ts'

const NAMES = ['ann', 'bob', 'cat'] as const

type Name = (typeof NAMES)[number]

const keys = NAMES.map((name) => {
  // The states of engines are for admins.
  const admin = name === 'ann'
  return { name, admin, hash: `sha256:${createHash('sha256').update(`${name}-key`).digest('hex')}` }
})

/** What llama-server answers with status 500, though the request is at fault. */
const CLIENTS_FAULT = [
  'image input is not supported - hint: if this is unexpected, you may need to provide the mmproj',
  'input (842 tokens) is too large to process. increase the physical batch size (current batch size: 512)',
]

const then = 'cut' as const
const closing = { text: '', then }

/** What a request can make a server do that works for all others. */
const LOST: Record<string, Script> = {
  'take longer than is waited': { headersAfter: 'never', steps: [] },
  'make the server close the connection': { steps: [], instead: closing },
  'make the server break off': { steps: [{ send: token() }, { cut: true }] },
}

function failure(message: string): Script {
  const error = { code: 500, message, type: 'server_error' }
  const headers = { 'content-type': 'application/json' }
  return { status: 500, headers, steps: [{ send: JSON.stringify({ error }) }] }
}

/** Whose fault it is where an engine fails: one client must not keep all others from it. */
export function blame(host: HostName): void {
  const upstreams: Upstream[] = []
  const server = useServerWith(host, async () => {
    const upstream = []
    for (const label of ['a', 'b']) {
      const started = await startUpstream({ models: named('m'), script: talk(label) })
      upstreams.push(started)
      upstream.push({ label, url: started.url })
    }
    return {
      flags: [],
      env: { SLUICE_CONFIG: JSON.stringify({ upstream, keys, answerTimeout: '1s' }) },
    }
  })
  afterAll(() => Promise.all(upstreams.map((upstream) => upstream.close())))

  const ask = (name: Name, script?: Script, stream = true) => {
    const headers = { authorization: `Bearer ${name}-key` }
    return postChat(server.base, { model: 'm', stream, ...(script && { script }) }, { headers })
  }
  const codeOf = async (response: Response) => {
    if (response.status === 200) return (await readStream(response)).outcome
    return (await errorOf(response)).code ?? response.status
  }
  /** Asks for what makes every engine fail, until it is not asked any more. */
  const provoke = async (name: Name, script: Script = errorScript('message_only')) => {
    const codes: unknown[] = []
    while (codes.at(-1) !== 'engine_resting' && codes.length < 20) {
      codes.push(await codeOf(await ask(name, script)))
    }
    return codes
  }
  const states = async () => {
    const headers = { authorization: 'Bearer ann-key' }
    const health = await (await fetch(`${server.url}/health`, { headers })).json()
    const { engines } = health as { engines: { state: string }[] }
    return engines.slice(0, 2).map(({ state }) => state)
  }

  describe.each(CLIENTS_FAULT)('%s', (message) => {
    it('is a refusal, which counts against no engine', async () => {
      for (let round = 0; round < 12; round++) {
        const response = await ask('ann', failure(message), round % 2 === 0)
        expect(response.status).toBe(400)
        expect(await errorOf(response)).toMatchObject({ message, type: 'invalid_request_error' })
      }
      expect(await codeOf(await ask('ann'))).toBe('finished')
      expect(await states()).toEqual(['up', 'up'])
    })
  })

  it('a client whose requests make every engine fail is kept from them alone', async () => {
    const codes = await provoke('ann')
    expect(codes.at(-1)).toBe('engine_resting')
    expect(codes.length).toBeGreaterThan(3)
    expect(await states()).toEqual(['half-open', 'half-open'])
    expect((await fetch(`${server.url}/health/ready`)).status).toBe(200)
    expect(await codeOf(await ask('bob'))).toBe('finished')
    expect(await codeOf(await ask('ann', errorScript('message_only')))).not.toBe('finished')
    expect(await codeOf(await ask('cat'))).toBe('finished')
  })

  describe.each(Object.entries(LOST))('a client whose requests %s', (_, script) => {
    it('keeps no other client from the engines', needs(host, 'sockets'), async () => {
      expect(await codeOf(await ask('bob'))).toBe('finished')
      expect((await provoke('ann', script)).at(-1)).toBe('engine_resting')
      expect(await states()).toEqual(['half-open', 'half-open'])
      expect(await codeOf(await ask('bob'))).toBe('finished')
    })
  })

  it('a client that failed has not used up what lets another be answered elsewhere', async () => {
    await provoke('ann')
    const [first] = upstreams
    if (first) first.script = errorScript('message_only')
    // More often than all may be tried again together.
    for (let round = 0; round < 4; round++) expect(await codeOf(await ask('bob'))).toBe('finished')
    if (first) first.script = talk('a')
  })

  it('several whose requests make every engine fail are kept from them, and nobody else', async () => {
    for (const name of ['ann', 'bob'] as const) {
      expect((await provoke(name)).at(-1)).toBe('engine_resting')
    }
    expect(await codeOf(await ask('ann'))).toBe('engine_resting')
    expect(await states()).toEqual(['half-open', 'half-open'])
    expect(await codeOf(await ask('cat'))).toBe('finished')
    // What was wrong may be over, since a third was answered: each may look.
    expect(await codeOf(await ask('ann'))).toBe('finished')
  })
}
