import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { openClient } from '../support/client.ts'
import { errorScript } from '../support/personas/errors.ts'
import { chatsAt, named, type PoolUnderTest, startPool } from '../support/pool.ts'
import { postChat, readStream } from '../support/read.ts'
import { errorOf, logOf } from '../support/relay.ts'
import type { Script } from '../support/script.ts'
import type { HostName } from '../support/server.ts'
import { pace, talk, token } from '../support/talk.ts'

const M = { model: 'm' }

/** What an upstream may do instead of a first chunk, and the code of that. */
const FAILURES: Record<string, { script: Script; failure: string }> = {
  'answers 500': { script: errorScript('message_only'), failure: 'a 500' },
  'answers 503 while it loads': {
    script: errorScript('llama_server_loading'),
    failure: 'a model_loading',
  },
  'answers 429': { script: errorScript('openai_rate'), failure: 'a rate_limit_exceeded' },
  'has lost the model': { script: errorScript('openai_model'), failure: 'a model_not_found' },
  'resets the connection before headers': {
    script: { headersAfter: 50, steps: [{ reset: true }] },
    failure: '',
  },
  'breaks off after headers': {
    script: { steps: [{ wait: 50 }, { cut: true }] },
    failure: 'a upstream_truncated',
  },
  'ends without a word': { script: { steps: [] }, failure: 'a upstream_truncated' },
  'sends half a frame': {
    script: { steps: [{ send: 'data: {"id":"chatcmpl-1","cho' }, { cut: true }] },
    failure: 'a upstream_truncated',
  },
  'sends no frame of chat': {
    script: { steps: [{ send: 'data: {]\n\n' }] },
    failure: 'a upstream_invalid',
  },
  'says at once that it failed': {
    script: { steps: [{ send: 'data: {"error":{"message":"out of memory"}}\n\n' }] },
    failure: 'a upstream_error',
  },
  'is silent before headers': {
    script: { headersAfter: 'never', steps: [] },
    failure: 'a attempt_timeout',
  },
  'is silent after headers': {
    script: { steps: [{ hang: true }] },
    failure: 'a attempt_timeout',
  },
}

/** Several upstreams with the same model. */
export function pool(host: HostName): void {
  describe('an upstream that fails before its first chunk is replaced', () => {
    it.each(Object.entries(FAILURES))('if it %s', async (_, { script, failure }) => {
      await using it = await startPool(host, { a: { script }, b: {} }, fast)
      const response = await postChat(it.server.base, M)
      const read = await readStream(response)
      expect(read).toMatchObject({ status: 200, outcome: 'finished', problems: [], text: 'b' })
      const entry = await logOf(it.server, response)
      expect(entry).toMatchObject({ outcome: 'finished', engine: 'b', attempts: 2 })
      expect(entry.failures?.join()).toMatch(failure || /^a upstream_/)
      expect(chatsAt(it.upstreams.b)).toBe(1)
      const sent = await it.upstreams.a?.next()
      if (failure.endsWith('timeout')) await sent?.closedWithin(1_000)
    })

    it('if it is gone', async () => {
      await using it = await startPool(host, { a: {}, b: {} })
      await it.upstreams.a?.close()
      const response = await postChat(it.server.base, M)
      expect(await readStream(response)).toMatchObject({ outcome: 'finished', text: 'b' })
      const entry = await logOf(it.server, response)
      expect(entry).toMatchObject({ engine: 'b', failures: ['a upstream_unreachable'] })
    })

    it('after the headers and heartbeats went out as well', async () => {
      const script: Script = { headersAfter: 400, ...errorScript('message_only') }
      const flags = ['--header-wait', '50ms', '--heartbeat', '100ms']
      await using it = await startPool(host, { a: { script }, b: {} }, { flags })
      const read = await readStream(await postChat(it.server.base, M))
      expect(read).toMatchObject({ status: 200, outcome: 'finished', problems: [], text: 'b' })
      expect(read.pings.length).toBeGreaterThan(1)
    })

    it('by one that stops when the client leaves', async () => {
      const flags = ['--header-wait', '50ms', '--heartbeat', '100ms']
      const b = { script: { steps: [{ hang: true as const }] } }
      const a = { script: errorScript('message_only') }
      await using it = await startPool(host, { a, b }, { flags })
      const messages = [{ role: 'user', content: 'Go.' }]
      const body = { ...M, stream: true, messages }
      const client = await openClient(it.server, body)
      const sent = await it.upstreams.b?.next()
      client.hangUp()
      await sent?.closedWithin(2_000)
      const entry = await it.server.nextLog(({ outcome }) => outcome === 'cancelled')
      expect(entry).toMatchObject({ engine: 'b', attempts: 2 })
    })

    it.each([
      ['answers 500', errorScript('message_only')],
      ['breaks off in the middle', whole('{"id":"c","object":"chat.comp', true)],
    ])('where a whole answer was asked for, if it %s', async (_, script) => {
      const b = whole(COMPLETION)
      await using it = await startPool(host, { a: { script }, b: { script: b } }, fast)
      const response = await postChat(it.server.base, { ...M, stream: false })
      expect(response.status).toBe(200)
      expect(await response.text()).toBe(COMPLETION)
      expect(await logOf(it.server, response)).toMatchObject({ engine: 'b', attempts: 2 })
    })

    it('where embeddings were asked for', async () => {
      await using it = await startPool(host, {
        a: { script: errorScript('message_only') },
        b: bare,
      })
      const response = await fetch(`${it.server.base}/embeddings`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ ...M, input: 'Hi' }),
      })
      expect(response.status).toBe(200)
      expect(await response.json()).toMatchObject({ data: [{ embedding: [1, 2] }] })
      expect(await logOf(it.server, response)).toMatchObject({ engine: 'b', attempts: 2 })
    })
  })

  describe('an upstream is not replaced', () => {
    it('where a whole answer was asked for: it says nothing until it is done', async () => {
      const a = { script: { ...whole(COMPLETION), headersAfter: 1_000 } }
      await using it = await startPool(host, { a, b: {} }, fast)
      const response = await postChat(it.server.base, { ...M, stream: false })
      expect(await response.text()).toBe(COMPLETION)
      expect(chatsAt(it.upstreams.b)).toBe(0)
    })

    it.each([
      ['breaks off', { cut: true } as const, 'upstream_truncated'],
      ['is reset', { reset: true } as const, 'upstream_truncated'],
      ['fails', { send: 'data: {"error":"x"}\n\n' }, 'upstream_error'],
    ])('after its first chunk: it %s, which is the one outcome', async (_, end, code) => {
      const steps = [{ send: token('tok') }, { wait: 50 }, end]
      await using it = await startPool(host, { a: { script: { steps } }, b: {} })
      const response = await postChat(it.server.base, M)
      const read = await readStream(response)
      expect(read).toMatchObject({ outcome: 'failed', text: 'tok', problems: [], error: { code } })
      expect(read.events.filter(({ data }) => data.includes('"error":'))).toHaveLength(1)
      const entry = await logOf(it.server, response)
      expect(entry).toMatchObject({ outcome: 'failed', engine: 'a', code })
      expect(entry.attempts).toBeUndefined()
      expect(chatsAt(it.upstreams.b)).toBe(0)
    })

    it.each([true, false])('where the request is at fault; stream: %s', async (stream) => {
      const script = errorScript('ollama_field')
      await using it = await startPool(host, { a: { script }, b: {} })
      const response = await postChat(it.server.base, { ...M, stream })
      expect(response.status).toBe(400)
      expect((await errorOf(response)).message).toContain('invalid message content type')
      expect(chatsAt(it.upstreams.b)).toBe(0)
    })

    it('where nothing else serves the model, however long that takes', async () => {
      const a = { script: { headersAfter: 1_000, ...talk('late') } }
      await using it = await startPool(host, { a, b: { models: named('n') } }, fast)
      const response = await postChat(it.server.base, M)
      expect(await readStream(response)).toMatchObject({ outcome: 'finished', text: 'late' })
      expect(chatsAt(it.upstreams.a)).toBe(1)
    })
  })

  describe('the only upstream is asked once more', () => {
    const recovering = async (error: Script) => {
      const it = await startPool(host, { a: { script: error } })
      const started = performance.now()
      const asking = postChat(it.server.base, M)
      await it.upstreams.a?.next()
      if (it.upstreams.a) it.upstreams.a.script = talk('again')
      const response = await asking
      return { it, response, read: await readStream(response), took: performance.now() - started }
    }

    it('after a moment, where it failed', async () => {
      const { it, response, read, took } = await recovering(errorScript('message_only'))
      await using _ = it
      expect(read).toMatchObject({ outcome: 'finished', text: 'again' })
      expect(took).toBeGreaterThan(95)
      const entry = await logOf(it.server, response)
      expect(entry).toMatchObject({ engine: 'a', attempts: 2, failures: ['a 500'] })
    })

    it('after the time that it asks for, where that is short', async () => {
      const busy = { ...errorScript('openai_rate'), headers: { 'retry-after': '1' } }
      const { it, read, took } = await recovering(busy)
      await using _ = it
      expect(read).toMatchObject({ outcome: 'finished', text: 'again' })
      expect(took).toBeGreaterThan(990)
    })

    it('once, and its own words are told', async () => {
      await using it = await startPool(host, { a: { script: errorScript('message_only') } })
      const response = await postChat(it.server.base, M)
      expect(response.status).toBe(500)
      expect((await errorOf(response)).message).toContain('CUDA out of memory')
      expect(chatsAt(it.upstreams.a)).toBe(2)
    })

    it('not where it asks for a long rest: the client is told how long', async () => {
      await using it = await startPool(host, { a: { script: errorScript('openai_rate') } })
      const response = await postChat(it.server.base, M)
      expect(response.status).toBe(429)
      expect(response.headers.get('retry-after')).toBe('7')
      expect(chatsAt(it.upstreams.a)).toBe(1)
    })
  })

  describe('upstreams', () => {
    it('share the load', async () => {
      const script = pace(24, 50)
      await using it = await startPool(host, { a: { script }, b: { script }, c: { script } })
      const reads = Array.from({ length: 6 }, async () =>
        readStream(await postChat(it.server.base, M)),
      )
      for (const read of await Promise.all(reads)) expect(read.outcome).toBe('finished')
      expect(Object.values(it.upstreams).map(chatsAt)).toEqual([2, 2, 2])
    })

    it('may die under load: only streams that have begun notice', async () => {
      await using it = await startPool(host, { a: {}, b: {} })
      let isOver = false
      const clients = Array.from({ length: 10 }, async () => {
        while (!isOver) {
          const response = await postChat(it.server.base, M)
          const read = await readStream(response)
          expect(response.status).toBe(200)
          if (read.outcome === 'failed') expect(read.text).toBe('a')
          else expect(read).toMatchObject({ outcome: 'finished', problems: [] })
        }
      })
      await sleep(300)
      await it.upstreams.a?.close()
      await sleep(700)
      isOver = true
      await Promise.all(clients)
    })

    it('that fail again and again are left alone', () => leftAlone(host))
  })

  describe('models', () => {
    names(host)
  })
}

/** Where a silent upstream is given up soon. */
const fast = { flags: ['--attempt-timeout', '300ms'] }

const bare = { script: undefined } as object

const COMPLETION = JSON.stringify({
  id: 'c',
  object: 'chat.completion',
  created: 1_790_000_000,
  model: 'm',
  choices: [
    {
      index: 0,
      message: { role: 'assistant', content: 'Hi.' },
      finish_reason: 'stop',
      logprobs: null,
    },
  ],
})

function whole(send: string, isCut = false): Script {
  const steps = [{ send }, ...(isCut ? [{ wait: 50 }, { cut: true as const }] : [])]
  return { headers: { 'content-type': 'application/json' }, steps }
}

async function leftAlone(host: HostName): Promise<void> {
  await using it = await startPool(host, { a: { script: errorScript('message_only') }, b: {} })
  const { server, upstreams } = it
  for (let round = 0; round < 8; round++) {
    const read = await readStream(await postChat(server.base, M))
    expect(read).toMatchObject({ outcome: 'finished', text: 'b' })
  }
  expect(chatsAt(upstreams.a)).toBe(5)
  const health = await (await fetch(`${server.url}/health`)).json()
  expect(health).toMatchObject({
    status: 'degraded',
    engines: [{ engine: 'a', state: 'open' }, { engine: 'b', state: 'up' }, {}],
  })
  await allOpen(it)
}

/** Both have failed too often: who asks is told when to come again. */
async function allOpen({ server, upstreams }: PoolUnderTest): Promise<void> {
  if (upstreams.b) upstreams.b.script = errorScript('message_only')
  let response = await postChat(server.base, M)
  for (let round = 0; round < 10 && response.status === 500; round++) {
    response = await postChat(server.base, M)
  }
  expect(response.status).toBe(503)
  expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0)
  expect(await errorOf(response)).toMatchObject({ code: 'engine_resting' })
  expect((await fetch(`${server.url}/health`)).status).toBe(200)
  const ready = await fetch(`${server.url}/health/ready`)
  expect(ready.status).toBe(503)
  expect(ready.headers.get('retry-after')).toBe('5')
  expect((await errorOf(ready)).message).toContain('a is open, b is open')
}

function names(host: HostName): void {
  it('have aliases, which are listed where what they stand for is served', async () => {
    const flags = ['--alias', 'gpt-4o=m', '--alias', 'gone=nowhere', '--alias', 'fixed=static']
    await using it = await startPool(host, { a: {}, b: { models: named('n') } }, { flags })
    const { data } = (await (await fetch(`${it.server.base}/models`)).json()) as {
      data: { id: string; root?: string }[]
    }
    expect(data.map(({ id }) => id)).toEqual(['m', 'n', 'gpt-4o', 'fixed', 'static'])
    expect(data[2]).toMatchObject({ root: 'm', owned_by: 'tests' })
    expect((await fetch(`${it.server.base}/models/gpt-4o`)).status).toBe(200)
    const read = await readStream(await postChat(it.server.base, { model: 'gpt-4o' }))
    expect(read).toMatchObject({ outcome: 'finished', text: 'a' })
    // As the upstream gave it.
    expect(read.chunks[0]?.model).toBe('m')
    expect((await it.upstreams.a?.next())?.body).toMatchObject({ model: 'm' })
    const refused = await postChat(it.server.base, { model: 'gpt-4' })
    expect(refused.status).toBe(404)
    expect((await errorOf(refused)).message).toContain('"gpt-4o"')
  })

  it('have a name of their own at an upstream, and only those that are allowed', async () => {
    const each = {
      a: { rewrite: { m: 'org/M-8bit' }, models: ['m', 'open-*'] },
      b: { models: ['m'] },
    }
    const a = { models: named('org/M-8bit', 'open-one', 'closed') }
    await using it = await startPool(host, { a, b: { models: named('m', 'other') } }, { each })
    const { data } = (await (await fetch(`${it.server.base}/models`)).json()) as {
      data: { id: string }[]
    }
    expect(data.map(({ id }) => id)).toEqual(['m', 'open-one', 'static'])
    const read = await readStream(await postChat(it.server.base, M))
    expect(read).toMatchObject({ outcome: 'finished', text: 'a' })
    expect((await it.upstreams.a?.next())?.body).toMatchObject({ model: 'org/M-8bit' })
    for (const model of ['closed', 'other', 'org/M-8bit']) {
      expect((await postChat(it.server.base, { model })).status).toBe(404)
    }
  })

  it.each(['openai_context', 'vllm_context', 'llama_server_context', 'sglang_context'] as const)(
    'have a larger one, which answers what is too long: %s',
    async (name) => {
      const a = { script: errorScript(name) }
      const b = { models: named('m-128k') }
      const flags = ['--context-fallback', 'm=m-128k']
      await using it = await startPool(host, { a, b }, { flags })
      const response = await postChat(it.server.base, M)
      expect(await readStream(response)).toMatchObject({ outcome: 'finished', text: 'b' })
      const entry = await logOf(it.server, response)
      expect(entry).toMatchObject({ engine: 'b', model: 'm-128k', attempts: 2 })
    },
  )

  it('have a larger one for a stream that says only in its first frame that it is too long', async () => {
    const told = { error: { message: 'the request exceeds the available context size', code: 400 } }
    const a = { script: { steps: [{ send: `data: ${JSON.stringify(told)}\n\n` }] } }
    const flags = ['--context-fallback', 'm=m-128k']
    await using it = await startPool(host, { a, b: { models: named('m-128k') } }, { flags })
    const read = await readStream(await postChat(it.server.base, M))
    expect(read).toMatchObject({ outcome: 'finished', problems: [], text: 'b' })
  })

  it('without a larger one are refused as the upstream refuses', async () => {
    const a = { script: errorScript('vllm_context') }
    await using it = await startPool(host, { a, b: { models: named('m-128k') } })
    const response = await postChat(it.server.base, M)
    expect(response.status).toBe(400)
    expect(chatsAt(it.upstreams.b)).toBe(0)
  })
}
