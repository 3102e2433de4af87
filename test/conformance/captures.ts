import { describe, expect, it } from 'vitest'
import { checkStream } from '../../src/check/check-stream.ts'
import { parseRecording } from '../../src/recording/recording.ts'
import { can } from '../support/hosts.ts'
import { postChat, readStream } from '../support/read.ts'
import { logOf, useRelay } from '../support/relay.ts'
import { type HostName, type Server, startServer } from '../support/server.ts'
import { pace, talk } from '../support/talk.ts'
import { zoo } from '../support/zoo.ts'
import { captureReload, captureTools } from './captures-tools.ts'
import { bearer, entry, SECRETS } from './keys-entries.ts'

const ROOT = 'sluice_the-root-key-9876543210'
const ANN = 'sluice_the-ann-key-0123456789'
const BOB = 'sluice_the-bob-key-0123456789'

const KEYS = JSON.stringify([
  entry('root', ROOT, { admin: true }),
  entry('ann', ANN),
  entry('bob', BOB),
])

interface List {
  rule: string
  count: number
  missed: number
  data: Record<string, unknown>[]
}

/** The captures of a server, as an admin asks for them. */
export function capturesAt(server: Server) {
  const ask = (path: string, init: RequestInit = {}) =>
    fetch(`${server.base}/captures${path}`, {
      ...init,
      headers: { ...bearer(ROOT).headers, 'content-type': 'application/json' },
    })
  const list = async () => (await (await ask('')).json()) as List
  return {
    ask,
    list,
    async rule(capture: string): Promise<void> {
      const body = JSON.stringify({ capture })
      expect((await ask('', { method: 'POST', body })).status).toBe(200)
    },
    /** The recording of a response's request, when it has ended. */
    async of(response: Response, side = 'client') {
      const id = `cap_${response.headers.get('x-request-id')}`
      await expect
        .poll(async () => (await list()).data.find((each) => each.id === id)?.outcome)
        .toEqual(expect.any(String))
      const text = await (await ask(`/${id}?side=${side}`)).text()
      return { text, ...parseRecording(text) }
    },
  }
}

/** What was asked and answered, kept as recordings for admins. */
export function captures(host: HostName): void {
  const relay = useRelay(host, {
    flags: ['--capture', 'all', '--capture-count', '40', '--no-retry'],
    env: { SLUICE_KEYS: KEYS, SLUICE_UPSTREAM_KEY: SECRETS[0] as string },
  })
  const ask = (body: Record<string, unknown>, key = ANN) =>
    postChat(relay.server.base, body, bearer(key))

  it('hold the bytes that each of many clients got, and those of the engine', async () => {
    const words = Array.from({ length: 8 }, (_, index) => `word-${index} `)
    const asked = words.map(async (word) => {
      const response = await ask({
        script: { ...pace(20, 5), steps: [...talk(word, ...Array(20).fill(word)).steps] },
      })
      return { word, response, read: await readStream(response) }
    })
    for (const { word, response, read } of await Promise.all(asked)) {
      expect(read).toMatchObject({ outcome: 'finished', problems: [] })
      const client = await capturesAt(relay.server).of(response)
      expect(bytesOf(client)).toEqual(Buffer.from(read.bytes))
      expect(client.end.how).toBe('end')
      expect(client.response?.status).toBe(200)
      expect(JSON.stringify(client.request.body)).toContain(word)
      const engine = await capturesAt(relay.server).of(response, 'engine')
      const text = bytesOf(engine).toString()
      expect(text.split(word).length).toBe(22)
      expect(text.match(/word-\d/g)?.every((each) => word.startsWith(each))).toBe(true)
    }
  })

  it('never show a key or an address', async () => {
    const secrets = [ANN, SECRETS[0] as string, new URL(relay.upstream.url).host]
    const send = secrets.map((secret) => `: ${secret}\n\n`).join('')
    const response = await postChat(
      relay.server.base,
      { script: talk({ send }, 'hi'), note: secrets.join(' ') },
      { headers: { authorization: `Bearer ${ANN}`, 'x-api-key': ANN, cookie: 'a=0123456789' } },
    )
    await readStream(response)
    for (const side of ['client', 'engine']) {
      const { text, request } = await capturesAt(relay.server).of(response, side)
      for (const secret of [...secrets, 'a=0123456789']) expect(text).not.toContain(secret)
      expect(request.headers.authorization).toBe('***')
    }
    const refused = await fetch(`${relay.server.base}/chat/completions?api_key=${ANN}`, {
      method: 'POST',
      body: '{}',
    })
    expect(refused.status).toBe(401)
    const { text } = await capturesAt(relay.server).of(refused)
    expect(text).not.toContain(ANN)
  })

  it('are the same bytes for a client as without', async () => {
    const body = { script: talk('a', { send: ': x\n' }, 'b') }
    await capturesAt(relay.server).rule('off')
    const without = await readStream(await ask(body))
    await capturesAt(relay.server).rule('all')
    const captured = await readStream(await ask(body))
    expect(Buffer.from(captured.bytes)).toEqual(Buffer.from(without.bytes))
  })

  it('hold refusals, failures and complete answers', async () => {
    const refused = await ask({ messages: 1 })
    expect(refused.status).toBe(400)
    const text = await refused.text()
    const first = await capturesAt(relay.server).of(refused)
    expect(bytesOf(first).toString()).toBe(text)
    expect(first).toMatchObject({ response: { status: 400 }, end: { how: 'end' } })

    const failed = await ask({
      script: { steps: [...talk('a', { wait: 100 }).steps.slice(0, 2), { reset: true }] },
    })
    const read = await readStream(failed)
    expect(read.outcome).toBe('failed')
    const second = await capturesAt(relay.server).of(failed)
    expect(bytesOf(second)).toEqual(Buffer.from(read.bytes))
    expect((await capturesAt(relay.server).of(failed, 'engine')).end.how).toBe('broken')

    const whole = await ask({ model: 'static', stream: false })
    const json = await whole.text()
    expect(bytesOf(await capturesAt(relay.server).of(whole)).toString()).toBe(json)
  })

  it('hold the rules that an engine breaks', async () => {
    for (const rule of ['done-missing', 'role-first', 'stray-line']) {
      const script = zoo.find((each) => each.rule === rule)?.script
      const response = await ask({ script })
      await readStream(response)
      const engine = await capturesAt(relay.server).of(response, 'engine')
      expect(checkStream(engine).map((finding) => finding.rule)).toContain(rule)
    }
  })

  describe('by a rule', () => {
    const captured = async (...asked: Response[]) => {
      for (const response of asked) {
        await response.text()
        await logOf(relay.server, response)
      }
      const ids = (await capturesAt(relay.server).list()).data.map((each) => each.request_id)
      return asked.map((each) => ids.includes(each.headers.get('x-request-id')))
    }

    it('are those of one key', async () => {
      await capturesAt(relay.server).rule('key=bob')
      const asked = [await ask({ script: talk('a') }), await ask({ script: talk('a') }, BOB)]
      expect(await captured(...asked, await ask({}, 'sluice_unknown'))).toEqual([
        false,
        true,
        false,
      ])
    })

    it('are those of one engine', async () => {
      await capturesAt(relay.server).rule('engine=gpu')
      const asked = [await ask({ script: talk('a') }), await ask({ model: 'static' })]
      expect(await captured(...asked)).toEqual([true, false])
      await capturesAt(relay.server).rule('engine=static')
      const others = [await ask({ script: talk('a') }), await ask({ model: 'static' })]
      expect(await captured(...others)).toEqual([false, true])
    })

    it('are the next ones, and then none', async () => {
      await capturesAt(relay.server).rule('next=1')
      const asked = [await ask({ script: talk('a') }), await ask({ script: talk('a') })]
      expect(await captured(...asked)).toEqual([true, false])
      expect((await capturesAt(relay.server).list()).rule).toBe('off')
      await capturesAt(relay.server).rule('all')
    })
  })

  it('are deleted one by one, or all', async () => {
    const response = await ask({ script: talk('a') })
    await readStream(response)
    await capturesAt(relay.server).of(response)
    const path = `/cap_${response.headers.get('x-request-id')}`
    expect((await capturesAt(relay.server).ask(path, { method: 'DELETE' })).status).toBe(200)
    expect((await capturesAt(relay.server).ask(path)).status).toBe(404)
    await capturesAt(relay.server).ask('', { method: 'DELETE' })
    expect(await capturesAt(relay.server).list()).toMatchObject({ count: 0, data: [] })
  })

  it.each(['', '/cap_x', '/cap_x?side=engine'])('are not for an ordinary key: %s', async (path) => {
    for (const method of ['GET', 'POST', 'DELETE']) {
      if (method === 'POST' && path !== '') continue
      const init = method === 'POST' ? { body: '{"capture":"all"}' } : {}
      const headers = { ...bearer(ANN).headers, 'content-type': 'application/json' }
      const url = `${relay.server.base}/captures${path}`
      const response = await fetch(url, { method, headers, ...init })
      expect(response.status).toBe(403)
      expect(await response.text()).toContain('admin_required')
    }
  })

  it('are few, and nobody is captured without anyone knowing', async () => {
    const flags = ['--capture', 'all', '--capture-count', '3', '--static-delay', '0']
    await using server = await startServer(host, flags)
    if (can(host, 'process')) await server.untilStderr(/sluice: capturing is on \(all\)/)
    for (let times = 0; times < 5; times++)
      await readStream(await postChat(server.base, { model: 'static' }))
    const { count, data } = (await (await fetch(`${server.base}/captures`)).json()) as List
    expect({ count, length: data.length }).toEqual({ count: 3, length: 3 })
  })

  captureReload(host)
  captureTools(host, relay, ask)
}

function bytesOf({ packets }: { packets: readonly { bytes: Uint8Array }[] }): Buffer {
  return Buffer.concat(packets.map(({ bytes }) => bytes))
}
