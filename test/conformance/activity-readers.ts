import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { root } from '../../scripts/hosts.mjs'
import { idOf, listActivity, readFeed, stopRequest } from '../support/activity.ts'
import { needs } from '../support/hosts.ts'
import { postChat, readStream } from '../support/read.ts'
import { type Relay, useRelay } from '../support/relay.ts'
import { type HostName, startServer } from '../support/server.ts'
import { pace, talk } from '../support/talk.ts'
import { startUpstream } from '../support/upstream.ts'
import { bearer, entry } from './keys-entries.ts'

const M = { model: 'm' }

/** Streams at once, and what each says. */
const STREAMS = 50
const TOKENS = 60

/** Those who read the feed, well or badly, and what they cost the others. */
export function activityReaders(host: HostName): void {
  describe('of one server', () => {
    const relay = useRelay(host, { flags: ['--max-concurrency', '100', '--heartbeat', '20s'] })

    it('see the same, each what it does not have', async () => {
      relay.upstream.script = pace(60, 20)
      await using first = await readFeed(relay.server.base)
      const response = await postChat(relay.server.base, M)
      const id = idOf(response)
      const read = readStream(response)
      await first.until(({ requests }) => requests.get(id)?.state === 'streaming')
      await using second = await readFeed(relay.server.base)
      expect((await read).outcome).toBe('finished')
      for (const feed of [first, second]) {
        await feed.until(({ requests }) => requests.get(id)?.state === 'ended')
        expect(feed.told(id).filter(({ state }) => state === 'ended')).toHaveLength(1)
        // However it was told, each gap came once.
        expect(feed.told(id).flatMap(({ gaps = [] }) => gaps).length).toBeGreaterThan(30)
      }
      expect(first.requests.get(id)?.tokens).toBe(second.requests.get(id)?.tokens)
    })

    it('stop a silent stream soon, however rare heartbeats are', async () => {
      relay.upstream.script = { steps: [{ hang: true }] }
      const asking = postChat(relay.server.base, { ...M, stream: false })
      await using feed = await readFeed(relay.server.base)
      const running = await feed.until(({ requests }) =>
        [...requests.values()].find(({ state }) => state === 'prefill'),
      )
      const begun = performance.now()
      await stopRequest(relay.server.base, running.id)
      expect((await asking).status).toBe(499)
      const took = performance.now() - begun
      console.info(`${host}: a silent request ends ${took.toFixed(0)} ms after it was stopped`)
      expect(took).toBeLessThan(2_000)
    })

    it('that never read are noticed by no stream', { timeout: 60_000 }, async () => {
      const alone = await streamMany(relay)
      const control = new AbortController()
      const unread = await Promise.all(
        Array.from({ length: 8 }, () =>
          fetch(`${relay.server.base}/activity?stream=true`, { signal: control.signal }),
        ),
      )
      const watched = await streamMany(relay)
      console.info(
        `${host}: longest gaps of ${STREAMS} streams: ${alone} ms, unread feeds: ${watched} ms`,
      )
      expect(watched).toBeLessThan(3 * alone + 500)
      control.abort()
      for (const each of unread) await each.body?.cancel().catch(() => {})
    })
  })

  it(
    'are left by their feed at once when the server stops',
    needs(host, 'process', 'draining'),
    async () => {
      const server = await startServer(host, ['--grace', '8s'])
      const feed = await readFeed(server.base)
      await feed.until(({ events }) => events.length > 0)
      const begun = performance.now()
      const stopped = server.stop('SIGTERM')
      expect(await feed.ended).toBe('end')
      expect(await stopped).toBe(0)
      expect(performance.now() - begun).toBeLessThan(4_000)
    },
  )

  it(
    'find what has ended after a reload, unless their key is gone',
    needs(host, 'reloading', 'process'),
    () => reloaded(host),
  )

  it('use the lines of docs/activity.md', needs(host, 'sockets'), async () => {
    await using server = await startServer(host, [
      '--static-delay',
      '200ms',
      '--heartbeat',
      '200ms',
    ])
    const page = await readFile(join(root, 'docs/activity.md'), 'utf8')
    // Without the request whose id they ask for, which is another one here.
    const lines = [...page.matchAll(/```sh[^\n]*\n(.*?)\n```/gs)].flatMap(([, text = '']) =>
      text.split('\n').filter((line) => line.startsWith('curl ')),
    )
    const response = await postChat(server.base, { model: 'static' })
    const told = await Promise.all(
      lines.slice(0, -1).map((line) => curl(line, server.url, idOf(response))),
    )
    expect(told.map((text) => text.slice(0, 20))).toEqual([
      '{"object":"activity"',
      'event: snapshot\ndata',
      expect.stringMatching(/^\{"id":"/),
      'event: activity\ndata',
    ])
    const [cancel = ''] = lines.slice(-1)
    expect(JSON.parse(await curl(cancel, server.url, idOf(response)))).toMatchObject({
      id: idOf(response),
    })
    expect((await readStream(response)).error).toMatchObject({ code: 'request_stopped' })
  })

  it('are told what is not kept any more', async () => {
    const upstream = await startUpstream({ script: talk('hello') })
    await using server = await startServer(host, [
      '--activity',
      '4',
      '--upstream',
      `gpu=${upstream.url}`,
    ])
    await using feed = await readFeed(server.base)
    const ids: string[] = []
    for (let count = 0; count < 7; count++) {
      const response = await postChat(server.base, M)
      await readStream(response)
      ids.push(idOf(response))
      await feed.until(({ requests }) => requests.get(idOf(response))?.state === 'ended')
    }
    await feed.until(({ requests }) => requests.size === 4)
    expect([...feed.requests.keys()]).toEqual(ids.slice(-4))
    expect((await listActivity(server.base)).requests.map(({ id }) => id)).toEqual(
      ids.slice(-4).reverse(),
    )
    await upstream.close()
  })
}

/** What a line of the documentation prints within a second. */
async function curl(line: string, url: string, id: string): Promise<string> {
  const command = line
    .replaceAll('http://127.0.0.1:8787', url)
    .replace('curl ', 'curl --max-time 1 ')
  const child = execFile('sh', ['-c', command], { env: { ...process.env, ID: id } })
  let text = ''
  child.stdout?.on('data', (part) => {
    text += part
  })
  await once(child, 'close')
  return text
}

/** The median of the longest gaps of many streams, in milliseconds. */
async function streamMany(relay: Relay): Promise<number> {
  relay.upstream.script = pace(TOKENS, 30)
  const gaps = await Promise.all(
    Array.from({ length: STREAMS }, async () => {
      const read = await readStream(await postChat(relay.server.base, M))
      expect(read).toMatchObject({ outcome: 'finished', problems: [] })
      expect(read.text).toBe('tok'.repeat(TOKENS))
      const at = read.events.map((event) => event.at)
      return Math.max(...at.slice(1).map((time, index) => time - (at[index] ?? 0)))
    }),
  )
  return Math.round(gaps.sort((one, other) => one - other)[STREAMS / 2] ?? 0)
}

async function reloaded(host: HostName): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-activity-'))
  const path = join(folder, 'sluice.json')
  const keys = [entry('root', 'root-key', { admin: true }), entry('ann', 'ann-key')]
  const write = async (settings: object) => {
    await writeFile(`${path}.new`, JSON.stringify({ staticDelay: 0, ...settings }))
    await rename(`${path}.new`, path)
  }
  await write({ keys })
  await using server = await startServer(host, ['--config', path])
  const root = bearer('root-key')
  const response = await postChat(
    server.base,
    { model: 'static', stream: false },
    bearer('ann-key'),
  )
  await response.text()
  await using feed = await readFeed(server.base, root)
  await using anns = await readFeed(server.base, bearer('ann-key'))
  await feed.until(({ requests }) => requests.has(idOf(response)))
  await write({ keys: keys.slice(0, 1), activity: 100 })
  expect(await feed.ended).toBe('end')
  expect(await anns.ended).toBe('end')
  await expect(readFeed(server.base, bearer('ann-key'))).rejects.toThrow('401')
  const list = await listActivity(server.base, root.headers)
  expect(list.requests.find(({ id }) => id === idOf(response))).toMatchObject({ key: 'ann' })
  await rm(folder, { recursive: true, force: true })
}
