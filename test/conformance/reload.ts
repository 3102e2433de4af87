import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { hashKey } from '../../src/guard/keys.ts'
import { openClient } from '../support/client.ts'
import { chatsAt, named } from '../support/pool.ts'
import { postChat, readStream } from '../support/read.ts'
import { errorOf, logOf } from '../support/relay.ts'
import { postResponses, readResponsesStream } from '../support/responses.ts'
import { type HostName, type Server, startServer } from '../support/server.ts'
import { pace, talk } from '../support/talk.ts'
import { startUpstream } from '../support/upstream.ts'

const M = { model: 'm' }
const ASKED = { ...M, stream: true, messages: [{ role: 'user', content: 'Go.' }] }

/** What goes on as it was when the settings are read again. */
export function reload(host: HostName): void {
  let folder = ''
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sluice-reload-'))
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  async function write(settings: object): Promise<string> {
    const path = join(folder, 'sluice.json')
    await writeFile(`${path}.new`, JSON.stringify(settings))
    await rename(`${path}.new`, path)
    return path
  }

  /** Sluice with a settings file, and in front of an upstream that answers by a script. */
  async function start(settings: object, script = pace(2_000, 20)) {
    const upstream = await startUpstream({ models: named('m'), script })
    const all = (changed: object) => ({
      upstream: [{ label: 'gpu', url: upstream.url, maxConcurrency: 1 }],
      ...{ headerWait: 50, heartbeat: 200, ...settings, ...changed },
    })
    const server = await startServer(host, ['--config', await write(all({}))])
    await fetch(`${server.base}/models`)
    return {
      server,
      upstream,
      async reload(changed: object): Promise<void> {
        const before = server.stderr().length
        await write(all(changed))
        await untilRead(server, before)
      },
      async [Symbol.asyncDispose]() {
        await server.kill()
        await upstream.close()
      },
    }
  }

  it('an engine’s slots: it gets no second request beside the one that it may have', async () => {
    await using it = await start({})
    const first = await openClient(it.server, ASKED)
    await first.waitFor('"tok"')
    await it.reload({ queue: 7 })
    const second = await openClient(it.server, ASKED)
    await second.waitFor(': ping')
    expect(chatsAt(it.upstream)).toBe(1)
    first.hangUp()
    await second.waitFor('"tok"')
    expect(chatsAt(it.upstream)).toBe(2)
    second.hangUp()
  })

  it('the places of those that wait, who count for the queue as before', async () => {
    await using it = await start({ queue: 1 })
    const first = await openClient(it.server, ASKED)
    await first.waitFor('"tok"')
    const second = await openClient(it.server, ASKED)
    await second.waitFor(': ping')
    await it.reload({ queue: 1, alias: { a: 'm' } })
    // Not as a stream, whose headers would be sent while the new settings' models are listed.
    const refused = await postChat(it.server.base, { ...M, stream: false })
    expect(refused.status).toBe(503)
    expect(await errorOf(refused)).toMatchObject({ code: 'engine_busy' })
    await it.reload({ queue: 2 })
    const third = await openClient(it.server, ASKED)
    await third.waitFor(': ping')
    first.hangUp()
    await second.waitFor('"tok"')
    expect(chatsAt(it.upstream)).toBe(2)
    second.hangUp()
    await third.waitFor('"tok"')
    third.hangUp()
  })

  it('but a higher limit serves those that wait, and a lower one holds from then on', async () => {
    await using it = await start({})
    const gpu = { label: 'gpu', url: it.upstream.url }
    const first = await openClient(it.server, ASKED)
    await first.waitFor('"tok"')
    const second = await openClient(it.server, ASKED)
    await second.waitFor(': ping')
    expect(chatsAt(it.upstream)).toBe(1)
    await it.reload({ upstream: [{ ...gpu, maxConcurrency: 2 }] })
    await second.waitFor('"tok"')
    await it.reload({ upstream: [{ ...gpu, maxConcurrency: 1 }] })
    const third = await openClient(it.server, ASKED)
    await third.waitFor(': ping')
    first.hangUp()
    await it.server.nextLog(({ outcome }) => outcome === 'cancelled')
    await sleep(200)
    expect(chatsAt(it.upstream)).toBe(2)
    second.hangUp()
    await third.waitFor('"tok"')
    third.hangUp()
  })

  it('a conversation’s upstream', async () => {
    await using it = await start({}, talk('gpu'))
    const other = await startUpstream({ models: named('m'), script: talk('other') })
    await using _ = { [Symbol.asyncDispose]: () => other.close() }
    const gpu = { label: 'gpu', url: it.upstream.url }
    await it.reload({ upstream: [gpu, { label: 'other', url: other.url }] })
    const answerTo = async (content: string) => {
      const response = await postChat(it.server.base, {
        ...M,
        messages: [{ role: 'user', content }],
      })
      const { text } = await readStream(response)
      return [text, (await logOf(it.server, response)).affinity]
    }
    expect(await answerTo('One.')).toEqual(['gpu', 'new'])
    expect(await answerTo('Two.')).toEqual(['other', 'new'])
    await it.reload({ upstream: [{ label: 'other', url: other.url, maxConcurrency: 2 }, gpu] })
    expect(await answerTo('One.')).toEqual(['gpu', 'kept'])
    expect(await answerTo('Two.')).toEqual(['other', 'kept'])
  })

  it('a stream’s pace, while 10,000 keys are read', async () => {
    const keys = Array.from({ length: 10_000 }, (_, at) => {
      return { name: `key-${at}`, hash: `sha256:${at.toString(16).padStart(64, '0')}` }
    })
    const last = { name: 'last', hash: await hashKey('last') }
    const settings = { keys: [...keys, last], staticText: 'word '.repeat(400), staticDelay: 10 }
    await using it = await start(settings)
    const ask = (key: string) =>
      postChat(it.server.base, { model: 'static' }, { headers: { 'x-api-key': key } })
    const stream = readStream(await ask('last'))
    await it.reload({ keys: [...keys, { ...last, name: 'new', hash: await hashKey('new') }] })
    const { events, outcome } = await stream
    const times = events.map(({ at }) => at)
    const gaps = times.slice(1).map((at, index) => at - (times[index] as number))
    // Reading them takes some 20 ms at a time; at once it would be more than a minute.
    expect(Math.max(...gaps)).toBeLessThan(1_000)
    expect(outcome).toBe('finished')
    const [gone, there] = [await ask('last'), await ask('new')]
    expect([gone.status, there.status]).toEqual([401, 200])
    await there.body?.cancel()
  })

  it('the stream of an engine that was taken out', async () => {
    await using it = await start({}, pace(60, 50))
    const running = readStream(await postChat(it.server.base, M))
    await it.upstream.next()
    await it.reload({ upstream: [], discover: false })
    expect((await postChat(it.server.base, M)).status).toBe(404)
    expect(await running).toMatchObject({ outcome: 'finished', problems: [] })
  })

  it('what a key has used: its requests at once, and in the last minute', async () => {
    const hash = await hashKey('k')
    const keys = [{ name: 'ann', hash, maxConcurrency: 1, requestsPerMinute: 2 }]
    const settings = { keys, staticText: 'word '.repeat(40), staticDelay: 50 }
    await using it = await start(settings)
    const ask = () =>
      postChat(it.server.base, { model: 'static' }, { headers: { authorization: 'Bearer k' } })
    const running = readStream(await ask())
    await it.reload({ queue: 9 })
    const atOnce = await ask()
    expect(atOnce.status).toBe(429)
    expect((await errorOf(atOnce)).message).toContain('1 concurrent requests')
    expect((await running).outcome).toBe('finished')
    await readStream(await ask())
    const tooMany = await ask()
    expect(tooMany.status).toBe(429)
    expect((await errorOf(tooMany)).message).toContain('2 requests per minute')
  })

  it('stored responses, and those in the background', async () => {
    await using it = await start({ staticText: 'word '.repeat(40), staticDelay: 50 })
    const ask = (body: object) => postResponses(it.server.base, { model: 'static', ...body })
    const stored = (await (await ask({ stream: false, input: 'x' })).json()) as { id: string }
    const begun = await ask({ background: true, stream: false, input: 'y' })
    const { id } = (await begun.json()) as { id: string }
    await it.reload({ queue: 9 })
    expect((await fetch(`${it.server.base}/responses/${stored.id}`)).status).toBe(200)
    const status = async () =>
      ((await (await fetch(`${it.server.base}/responses/${id}`)).json()) as { status: string })
        .status
    expect(await status()).toBe('in_progress')
    while ((await status()) === 'in_progress') await sleep(50)
    const followed = await fetch(`${it.server.base}/responses/${id}?stream=true`)
    expect(await readResponsesStream(followed, 0)).toMatchObject({ outcome: 'completed' })
    const next = await ask({ stream: false, input: 'z', previous_response_id: id })
    expect(next.status).toBe(200)
    await next.body?.cancel()
  })
}

async function untilRead(server: Server, from: number): Promise<void> {
  for (let tries = 0; tries < 500; tries++) {
    const said = server.stderr().slice(from)
    if (said.includes('its settings are in force')) return
    if (said.includes('do not change')) throw new Error(said)
    await sleep(10)
  }
  throw new Error(`The settings were not read again:\n${server.stderr()}`)
}
