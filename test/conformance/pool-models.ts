import { expect, it } from 'vitest'
import { errorScript } from '../support/personas/errors.ts'
import { chatsAt, named, startPool } from '../support/pool.ts'
import { postChat, readStream } from '../support/read.ts'
import { errorOf, logOf } from '../support/relay.ts'
import type { HostName } from '../support/server.ts'
import { M } from './pool-answers.ts'

export function names(host: HostName): void {
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
