import { afterAll, expect, it } from 'vitest'
import { postChat } from '../support/read.ts'
import { type HostName, startServer, useServerWith } from '../support/server.ts'
import { startUpstream, type Upstream } from '../support/upstream.ts'

export function logs(host: HostName): void {
  let upstream: Upstream
  const server = useServerWith(host, async () => {
    upstream = await startUpstream({ persona: 'openai' })
    return { flags: ['--static-delay', '20', '--upstream', `lab=${upstream.url}`] }
  })
  afterAll(() => upstream.close())
  const entryOf = async (response: Response) => {
    await response.text()
    const id = response.headers.get('x-request-id')
    const entry = await server.nextLog((each) => each.id === id)
    expect(new Date(entry.time).toISOString()).toBe(entry.time)
    expect(Math.abs(Date.parse(entry.time) - Date.now())).toBeLessThan(10_000)
    expect(entry.durationMs).toBeGreaterThanOrEqual(0)
    return entry
  }

  it('a stream', async () => {
    const entry = await entryOf(await postChat(server.base, { model: 'static' }))
    expect(entry).toMatchObject({
      method: 'POST',
      path: '/v1/chat/completions',
      model: 'static',
      engine: 'static',
      status: 200,
      tokens: 13,
      outcome: 'finished',
    })
    expect(entry.firstTokenMs).toBeLessThan(entry.durationMs - 100)
    // Twelve pauses of 20 ms: the line comes at the end, not at the headers.
    expect(entry.durationMs).toBeGreaterThan(200)
    expect(entry.durationMs).toBeLessThan(3_000)
  })

  it('a stream of an upstream, usage unasked', async () => {
    const response = await postChat(server.base, { model: 'gpt-4.1' })
    expect(await entryOf(response)).toMatchObject({
      model: 'gpt-4.1',
      engine: 'lab',
      tokens: 9,
      outcome: 'finished',
    })
  })

  it('a whole answer', async () => {
    for (const model of ['static', 'gpt-4.1']) {
      const entry = await entryOf(await postChat(server.base, { model, stream: false }))
      expect(entry).toMatchObject({ status: 200, model, outcome: 'ok' })
      expect(entry.tokens).toBeGreaterThan(5)
    }
  })

  it('a stream that failed', async () => {
    const script = {
      steps: [
        {
          chunk: {
            id: 'a',
            object: 'chat.completion.chunk',
            created: 1,
            model: 'gpt-4.1',
            choices: [
              { index: 0, delta: { role: 'assistant', content: 'x' }, finish_reason: null },
            ],
          },
        },
        { wait: 100 },
        { cut: true },
      ],
    }
    const entry = await entryOf(await postChat(server.base, { model: 'gpt-4.1', script }))
    expect(entry).toMatchObject({ status: 200, outcome: 'failed', code: 'upstream_truncated' })
  })

  it('refusals and other answers', async () => {
    const get = (path: string, init?: RequestInit) => fetch(server.url + path, init)
    expect(await entryOf(await get('/health'))).toMatchObject({
      method: 'GET',
      path: '/health',
      status: 200,
      outcome: 'ok',
    })
    expect(await entryOf(await get('/nowhere?secret=1'))).toMatchObject({
      path: '/nowhere',
      status: 404,
      outcome: 'refused',
      code: 'not_found',
    })
    expect(await entryOf(await postChat(server.base, { n: 0 }))).toMatchObject({
      status: 400,
      outcome: 'refused',
      code: 'invalid_value',
    })
    expect(await entryOf(await get('/v1/models', { method: 'HEAD' }))).toMatchObject({
      method: 'HEAD',
      status: 200,
    })
  })

  it('one line a request, and never what was said', async () => {
    const before = server.log.length
    const content = 'a secret in the conversation'
    const ask = () => postChat(server.base, { messages: [{ role: 'user', content }] })
    await Promise.all(Array.from({ length: 10 }, async () => (await ask()).text()))
    await expect.poll(() => server.log.length - before).toBe(10)
    expect(server.stdout() + server.stderr()).not.toContain('secret')
  })

  it('as text, where that is asked for', async () => {
    await using text = await startServer(host, ['--log', 'text', '--static-delay', '0'])
    await (await postChat(text.base, { model: 'static' })).text()
    const line =
      /^\d\d:\d\d:\d\d POST \/v1\/chat\/completions static 200 first \d+ ms 13 tokens \d+ ms finished\n$/
    await expect.poll(() => text.stdout()).toMatch(line)
  })

  it('nothing, where that is asked for', async () => {
    await using quiet = await startServer(host, ['--log', 'none', '--static-delay', '0'])
    await (await postChat(quiet.base, { model: 'static' })).text()
    expect(await quiet.stop()).toBe(0)
    expect(quiet.stdout()).toBe('')
  })
}
