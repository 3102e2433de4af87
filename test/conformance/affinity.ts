import { describe, expect, it } from 'vitest'
import { openClient } from '../support/client.ts'
import { errorScript } from '../support/personas/errors.ts'
import { chatsAt, named, type PoolOptions, type PoolUnderTest, startPool } from '../support/pool.ts'
import { postChat, readStream } from '../support/read.ts'
import { logOf } from '../support/relay.ts'
import type { HostName } from '../support/server.ts'
import { pace, talk } from '../support/talk.ts'
import { startUpstream, type UpstreamOptions } from '../support/upstream.ts'
import { bearer, entry } from './keys-entries.ts'

/** Words that an engine needs more than ten seconds to read, as is assumed. */
const LONG = 'The whole repository. '.repeat(2_000)

/** Conversations with several upstreams, each of which keeps the prompts that it has seen in a cache. */
export function affinity(host: HostName): void {
  const start = (
    options?: PoolOptions,
    given: Record<string, UpstreamOptions> = { a: {}, b: {} },
  ) => startPool(host, given, options)

  describe('a conversation', () => {
    it('stays at the upstream that answered it, though others have come and gone', async () => {
      await using it = await start()
      const talks = ['Fix the tests.', 'Write a poem.', 'Why?', 'Count.'].map((words) =>
        talking(it, words),
      )
      for (const [at, talk] of talks.entries()) {
        expect(await talk.turn()).toEqual(at % 2 === 0 ? ['a', 'new'] : ['b', 'new'])
      }
      for (const at of [3, 1, 0, 2, 0, 3, 3]) {
        expect(await talks[at]?.turn()).toEqual([at % 2 === 0 ? 'a' : 'b', 'kept'])
      }
    })

    it('is told from another one that begins alike by the id of its session', async () => {
      await using it = await start()
      const sessions = ['one', 'two'].map((id) => {
        return talking(it, 'Hi.', { headers: { 'x-session-id': id } })
      })
      expect(await sessions[0]?.turn()).toEqual(['a', 'new'])
      expect(await sessions[1]?.turn()).toEqual(['b', 'new'])
      expect(await sessions[0]?.turn()).toEqual(['a', 'kept'])
      expect(await sessions[1]?.turn()).toEqual(['b', 'kept'])
    })

    it('moves where its upstream is gone, and stays where it went', async () => {
      await using it = await start()
      const mine = talking(it, 'Mine.')
      expect(await mine.turn()).toEqual(['a', 'new'])
      const { port } = it.upstreams.a ?? {}
      await it.upstreams.a?.close()
      expect(await mine.turn()).toEqual(['b', 'moved'])
      it.upstreams.a = await startUpstream({ port, models: named('m'), script: talk('a') })
      await fetch(`${it.server.base}/models`)
      expect(await mine.turn()).toEqual(['b', 'kept'])
    })

    it('moves where its upstream asks to be left alone, or fails', async () => {
      await using it = await start()
      const { a, b } = it.upstreams
      const mine = talking(it, 'Mine.')
      expect(await mine.turn()).toEqual(['a', 'new'])
      if (a) a.script = errorScript('openai_rate')
      expect(await mine.turn()).toEqual(['b', 'moved'])
      if (a) a.script = talk('a')
      expect(await mine.turn()).toEqual(['b', 'kept'])
      if (b) b.script = errorScript('message_only')
      const other = talking(it, 'Other.')
      expect(await other.turn()).toEqual(['a', 'new'])
      expect(await mine.turn()).toEqual(['a', 'moved'])
    })

    it('of two callers is two', async () => {
      const keys = [entry('ann', 'ann-key'), entry('bob', 'bob-key')]
      await using it = await start({ settings: { keys } })
      const [ann, bob] = ['ann-key', 'bob-key'].map((key) => talking(it, 'Hi.', bearer(key)))
      expect(await ann?.turn()).toEqual(['a', 'new'])
      expect(await bob?.turn()).toEqual(['b', 'new'])
      expect(await ann?.turn()).toEqual(['a', 'kept'])
      expect(await bob?.turn()).toEqual(['b', 'kept'])
    })

    it('is recognized in every API', async () => {
      await using it = await start()
      await talking(it, 'Another one, at the first upstream.').turn()
      for (const ask of [askMessages, askResponses, askCompletions]) {
        const [first, second] = [await ask(it, 'Hi.'), await ask(it, 'Hi.')]
        expect(second).toEqual([first[0], 'kept'])
        expect(first[1]).toBe('new')
      }
    })
  })

  describe('an upstream that is busy', () => {
    const script = pace(20, 30)
    const busy = (wait: string) => ({
      flags: ['--max-concurrency', '1', '--affinity-wait', wait],
    })

    /** A conversation at `a`, which another one keeps busy. */
    async function occupied(it: PoolUnderTest, words: string) {
      const mine = talking(it, words)
      expect(await mine.turn()).toEqual(['a', 'new'])
      expect(await talking(it, 'At the other one.').turn()).toEqual(['b', 'new'])
      if (it.upstreams.a) it.upstreams.a.script = script
      const messages = [{ role: 'user', content: 'Busy.' }]
      const client = await openClient(it.server, { model: 'm', stream: true, messages })
      await client.waitFor('"tok"')
      return { mine, client }
    }

    it('loses its conversation to one that is free, where it may not be waited for', async () => {
      await using it = await start(busy('0'))
      const { mine, client } = await occupied(it, LONG)
      expect(await mine.turn()).toEqual(['b', 'moved'])
      client.hangUp()
    })

    it('loses it too where another one needs less time to read it than it would wait', async () => {
      await using it = await start(busy('10s'))
      const { mine, client } = await occupied(it, 'Short.')
      expect(await mine.turn()).toEqual(['b', 'moved'])
      client.hangUp()
    })

    it('keeps it where it is free again soon', async () => {
      await using it = await start(busy('10s'))
      const { mine, client } = await occupied(it, LONG)
      expect(await mine.turn()).toEqual([expect.stringMatching(/^(tok)+$/), 'kept'])
      client.hangUp()
      expect(chatsAt(it.upstreams.b)).toBe(1)
    })

    it('gets no more than its share of requests that begin alike', async () => {
      await using it = await start(undefined, { a: { script }, b: { script } })
      const asking = Array.from({ length: 4 }, async () => {
        const response = await postChat(it.server.base, { model: 'm' })
        return readStream(response)
      })
      for (const read of await Promise.all(asking)) expect(read.outcome).toBe('finished')
      expect([chatsAt(it.upstreams.a), chatsAt(it.upstreams.b)]).toEqual([2, 2])
    })
  })

  describe('nothing is remembered', () => {
    it('with --affinity off', async () => {
      await using it = await start({ flags: ['--affinity', 'off'] })
      for (const words of ['One.', 'Two.']) {
        expect(await talking(it, words).turn()).toEqual(['a', undefined])
      }
    })

    it('with --affinity session of what names none', async () => {
      await using it = await start({ flags: ['--affinity', 'session'] })
      expect(await talking(it, 'Hi.').turn()).toEqual(['a', undefined])
      const named = (id: string) => talking(it, 'Hi.', { headers: { session_id: id } })
      expect(await named('one').turn()).toEqual(['a', 'new'])
      expect(await named('two').turn()).toEqual(['b', 'new'])
      expect(await named('one').turn()).toEqual(['a', 'kept'])
    })

    it('where one upstream serves the model', async () => {
      await using it = await start({}, { a: {}, b: { models: named('n') } })
      expect(await talking(it, 'Hi.').turn()).toEqual(['a', undefined])
    })
  })
}

/** A conversation that grows with every turn. A turn tells the upstream that answered, and the log. */
function talking({ server }: PoolUnderTest, words: string, init: RequestInit = {}) {
  const messages = [
    { role: 'system', content: 'You are an agent.' },
    { role: 'user', content: words },
  ]
  return {
    async turn() {
      const response = await postChat(server.base, { model: 'm', messages }, init)
      const { text, outcome } = await readStream(response)
      expect(outcome).toBe('finished')
      messages.push({ role: 'assistant', content: text }, { role: 'user', content: 'And?' })
      const { affinity } = await logOf(server, response)
      return [text, affinity]
    },
  }
}

type Asking = (it: PoolUnderTest, words: string) => Promise<[string | undefined, unknown]>

async function ask({ server }: PoolUnderTest, path: string, body: object) {
  const response = await fetch(`${server.base}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'm', ...body }),
  })
  expect(response.status, await response.text()).toBe(200)
  const { engine, affinity } = await logOf(server, response)
  return [engine, affinity] as [string | undefined, unknown]
}

const askMessages: Asking = (it, words) => {
  const messages = [{ role: 'user', content: [{ type: 'text', text: `Messages: ${words}` }] }]
  return ask(it, '/messages', { max_tokens: 9, stream: true, messages })
}

const askResponses: Asking = (it, words) => {
  return ask(it, '/responses', { stream: true, input: `Responses: ${words}` })
}

const askCompletions: Asking = (it, words) => {
  const steps = [{ send: JSON.stringify(COMPLETION) }]
  return ask(it, '/completions', { prompt: words, script: { steps } })
}

const COMPLETION = {
  id: 'cmpl-1',
  object: 'text_completion',
  created: 1_790_000_000,
  model: 'm',
  choices: [{ index: 0, text: 'Hi.', finish_reason: 'stop', logprobs: null }],
}
