import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { openClient } from '../support/client.ts'
import { isAlive, PORT, startManaged, untilGone } from '../support/managed/run.ts'
import { postChat } from '../support/read.ts'
import { errorOf } from '../support/relay.ts'
import { type HostName, runToEnd, startServer } from '../support/server.ts'

const M = { models: ['m'] }

interface ModelList {
  data: { id: string; loaded?: boolean; meta?: object }[]
}

/** Servers that sluice starts when a request needs them. */
export function managed(host: HostName): void {
  it('is started by the first request, once for all that come, with its progress in the stream', async () => {
    await using it = await startManaged(host, [{ ...M, flags: ['--load', 1_200] }])
    expect((await it.status()).state).toBe('stopped')
    const streams = await Promise.all([it.chat('m'), it.chat('m'), it.chat('m')])
    for (const stream of streams) {
      expect(stream).toMatchObject({ outcome: 'finished', text: 'word word word ', problems: [] })
      expect(stream.raw).toContain(': loading m')
    }
    expect(it.pids()).toHaveLength(1)
    expect(it.server.stderr()).toMatch(
      /sluice: m started \(process \d+, port \d+\)\nsluice: m ready/,
    )
  })

  it('serves every API: rerank, a complete chat, messages, responses and embeddings', async () => {
    await using it = await startManaged(host, [{ ...M, flags: [] }])
    const ask = async (path: string, body: object) => {
      const headers = { 'content-type': 'application/json' }
      const json = JSON.stringify({ model: 'm', ...body })
      const response = await fetch(it.server.base + path, { method: 'POST', headers, body: json })
      expect(response.status).toBe(200)
      return response.text()
    }
    const messages = [{ role: 'user', content: 'Go.' }]
    const said = `process ${it.pids()[0] ?? ''}`
    expect(await ask('/rerank', { query: 'a', documents: ['b'] })).toContain('"data"')
    expect(await ask('/embeddings', { input: 'a' })).toContain('"embedding"')
    expect(await ask('/chat/completions', { messages })).toContain(said)
    expect(await ask('/messages', { messages, max_tokens: 5 })).toContain(said)
    expect(await ask('/responses', { input: 'Go.' })).toContain(said)
    expect(it.pids()).toHaveLength(1)
  })

  it('is listed before it runs, which starts nothing, and with what it says once it does', async () => {
    await using it = await startManaged(host, [{ ...M, flags: [] }])
    const list = async () => {
      const { data } = (await (await fetch(`${it.server.base}/models`)).json()) as ModelList
      return data.find(({ id }) => id === 'm')
    }
    expect(await list()).toMatchObject({ id: 'm', loaded: false })
    await fetch(`${it.server.url}/health/ready`)
    expect(it.pids()).toHaveLength(0)
    await it.chat('m')
    expect(await list()).toMatchObject({ id: 'm', loaded: true, meta: { n_ctx_train: 4096 } })
  })

  it('is stopped when it was idle for long, not by a list or a look at its health', async () => {
    await using it = await startManaged(host, [{ ...M, flags: [], idle: '1s' }])
    await it.chat('m')
    const started = performance.now()
    while ((await it.status()).state === 'ready') {
      await fetch(`${it.server.base}/models`)
      expect(performance.now() - started).toBeLessThan(20_000)
      await sleep(50)
    }
    await it.until('stopped')
    await untilGone(it.pids)
    expect(it.server.stderr()).toContain('sluice: m stopped: no request for 1 s\n')
    expect(await it.chat('m')).toMatchObject({ outcome: 'finished' })
    expect(it.pids()).toHaveLength(2)
  })

  it('is not stopped while it generates, also for a response in the background', async () => {
    await using it = await startManaged(host, [
      { ...M, flags: ['--pace', 100, '--words', 20], idle: '300ms' },
    ])
    const stream = await it.chat('m')
    expect(stream).toMatchObject({ outcome: 'finished', problems: [] })
    expect(it.pids()).toHaveLength(1)
    const created = await fetch(`${it.server.base}/responses`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'm', input: 'Go.', background: true, stream: false }),
    })
    const { id } = (await created.json()) as { id: string }
    for (;;) {
      const response = await fetch(`${it.server.base}/responses/${id}`)
      const { status } = (await response.json()) as { status: string }
      if (status === 'completed') break
      expect(['queued', 'in_progress']).toContain(status)
      await sleep(100)
    }
    await untilGone(it.pids)
  })

  it('goes on loading when the client that asked for it has left', async () => {
    await using it = await startManaged(host, [{ ...M, flags: ['--load', 1_000] }])
    const client = await openClient(it.server, {
      ...{ model: 'm', stream: true, messages: [{ role: 'user', content: 'Go.' }] },
    })
    await client.waitFor(': loading m')
    client.hangUp()
    await it.until('ready')
    expect(await it.chat('m')).toMatchObject({ outcome: 'finished' })
    expect(it.pids()).toHaveLength(1)
  })

  it('may take longer to load than a request may wait for an answer', async () => {
    const timeouts = { answerTimeout: 500, attemptTimeout: 500, firstTokenTimeout: 500 }
    const upstream = [{ ...M, flags: ['--load', 1_800] }]
    await using it = await startManaged(host, upstream, timeouts)
    expect(await it.chat('m')).toMatchObject({ outcome: 'finished', problems: [] })
  })

  it('gives way to another one within the memory budget, when it does not generate', async () => {
    const flags = ['--pace', 100, '--words', 20]
    await using it = await startManaged(
      host,
      [
        { label: 'a', models: ['a'], flags, memory: '8GB' },
        { label: 'b', models: ['b'], flags: [], memory: '8GB' },
      ],
      { memoryBudget: '10GB' },
    )
    const [first, second] = await Promise.all([
      it.chat('a'),
      it.until('ready', 'a').then(() => it.chat('b')),
    ])
    expect(first).toMatchObject({ outcome: 'finished', problems: [] })
    expect(second).toMatchObject({ outcome: 'finished', problems: [] })
    expect(second.raw).toContain(': waiting for memory')
    const [a = 0, b = 0] = it.pids()
    expect([isAlive(a), isAlive(b)]).toEqual([false, true])
  })

  it('is started with sluice where it is to be preloaded, and ended with it', async () => {
    await using it = await startManaged(host, [{ ...M, flags: [], preload: true }])
    await it.until('ready')
    expect(await it.server.stop()).toBe(0)
    expect(it.pids()).toHaveLength(1)
    await untilGone(it.pids, 0)
  })

  it('gets its environment, but none of sluice’s own settings', async () => {
    const upstream = [{ ...M, flags: [], env: { TOKEN: `secret-${PORT}` } }]
    await using it = await startManaged(host, upstream)
    await it.chat('m')
    const { output } = await it.status()
    expect(output[0]).toMatch(
      /^the server starts, with TOKEN=secret-\d+ and no settings of sluice$/,
    )
  })

  it('shows its output to admins only', async () => {
    const hash = `sha256:${'0'.repeat(64)}`
    const upstream = [{ ...M, flags: ['--exit', 3] }]
    await using it = await startManaged(host, upstream, { keys: [{ name: 'ann', hash }] })
    const response = await fetch(`${it.server.url}/health`)
    expect(JSON.stringify(await response.json())).not.toMatch(/process|output|server\.mjs/)
  })

  it('is refused where a budget cannot hold it', async () => {
    const upstream = JSON.stringify([{ run: ['a', PORT], ...M, memory: '9GB' }])
    const env = { SLUICE_UPSTREAM: upstream, SLUICE_MEMORY_BUDGET: '8GB' }
    const { code, stderr } = await runToEnd(host, ['--no-discover'], env)
    expect(code).toBe(2)
    expect(stderr).toContain('upstream[0].memory: expected at most memoryBudget')
  })

  it('takes no request’s word for what is run', async () => {
    await using server = await startServer(host)
    const response = await postChat(server.base, {
      model: 'm',
      run: ['touch', '/tmp/never'],
    } as never)
    expect(response.status).toBe(404)
    expect(await errorOf(response)).toMatchObject({ code: 'model_not_found' })
  })
}
