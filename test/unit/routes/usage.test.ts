import { describe, expect, it } from 'vitest'
import { defineEngine } from '../../../src/engines/custom/define-engine.ts'
import { createHandler } from '../../../src/handler.ts'
import type { KeyUsage, KeyUsageList } from '../../../src/wire/key-usage/schema.ts'
import { limitsAt } from '../../support/limits.ts'

const words = defineEngine({
  label: 'words',
  models: ['counting', 'silent'],
  async *chat({ model }, { signal }) {
    yield 'one '
    yield 'two'
    if (model === 'counting') yield { usage: { prompt_tokens: 7, completion_tokens: 5 } }
    if (model === 'silent') signal.throwIfAborted()
  },
})

/** Handlers with one store; a caller is who the header says. */
function handlers(count: number) {
  const limits = limitsAt()
  return Array.from({ length: count }, () => {
    const { fetch } = createHandler({
      engines: [words],
      authenticate: ({ headers }) => {
        const name = headers.get('x-user')
        return name ? { name, admin: name === 'root' } : undefined
      },
      state: { limits },
    })
    const get = (user: string, query = '') =>
      fetch(new Request(`http://sluice.example/v1/usage${query}`, { headers: { 'x-user': user } }))
    const ask = async (user: string, fields: object) => {
      const response = await fetch(
        new Request('http://sluice.example/v1/chat/completions', {
          method: 'POST',
          headers: { 'content-type': 'application/json', 'x-user': user },
          body: JSON.stringify({
            messages: [{ role: 'user', content: 'x'.repeat(40) }],
            ...fields,
          }),
        }),
      )
      await response.text()
      return response.status
    }
    const usage = async (user: string) => (await (await get(user)).json()) as KeyUsage
    return { get, ask, usage }
  })
}

describe('GET /v1/usage', () => {
  it.each([true, false])(
    'counts what an engine counts, else an estimate; streamed: %s',
    async (stream) => {
      const [{ ask, usage }] = handlers(1) as [ReturnType<typeof handlers>[number]]
      expect(await ask('ann', { model: 'counting', stream })).toBe(200)
      await expect
        .poll(async () => (await usage('ann')).day.tokens)
        .toEqual({ used: 12, answers: 5 })
      expect(await ask('bob', { model: 'silent', stream })).toBe(200)
      const tokens = async () => (await usage('bob')).day.tokens
      await expect.poll(async () => (await tokens()).answers).toBeOneOf([2, 3])
      // 44 characters, and what a template adds.
      const { used, answers } = await tokens()
      expect(used - answers).toBe(14)
      expect(await ask('cat', { model: 'none', stream })).toBe(404)
      expect((await usage('cat')).month).toMatchObject({
        // To ask for it is one, too.
        requests: { used: 2 },
        tokens: { used: 0 },
      })
    },
  )

  it('tells an admin of a caller that only another instance has seen', async () => {
    const [one, other] = handlers(2)
    expect(await one?.ask('ann', { model: 'counting' })).toBe(200)
    const found = await other?.get('root', '?name=ann')
    expect(await found?.json()).toMatchObject({ key: 'ann', day: { requests: { used: 1 } } })
    expect((await other?.get('root', '?name=nobody'))?.status).toBe(404)
    expect((await other?.get('bob', '?name=ann'))?.status).toBe(404)
    const all = (await (await other?.get('root'))?.json()) as KeyUsageList
    expect(all.data.map(({ key }) => key)).toEqual(['bob', 'root'])
  })
})

it('without keys, all clients count as one, and only an admin may see it', async () => {
  const { fetch } = createHandler({ insecure: true, engines: [words] })
  const response = await fetch(new Request('http://sluice.example/v1/usage'))
  expect(response.status).toBe(403)
})
