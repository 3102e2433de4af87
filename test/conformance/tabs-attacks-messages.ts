import { describe, expect, it } from 'vitest'
import { type HostName, needs } from '../support/hosts.ts'
import { rawRequest } from '../support/raw.ts'
import { chunk, type RawTab, type TabEvent } from '../support/raw-tab.ts'
import type { Said } from '../support/tab-scene.ts'
import type { Attacked } from './tabs-attacks.ts'

const pong = { kind: 'tell', message: { kind: 'pong' } }

/** A tab that sends what no page of sluice sends. */
export function messagesOfTabs(host: HostName, attacked: () => Attacked): void {
  describe('of wrong forms', () => wrongForms(host, attacked))
  describe('of wrong numbers', () => wrongNumbers(attacked))

  it('that are sent again count once', async () => {
    const { join, ask } = attacked()
    await join({ onEvent: twice })
    const response = await ask()
    expect(((await response.json()) as Said).choices[0].message.content).toBe('once')
    const streamed = await (await ask({ stream: true })).text()
    expect(streamed.split('"once"')).toHaveLength(2)
    expect(streamed.split('data: [DONE]')).toHaveLength(2)
  })

  it('that confirm what it never reads: it is dismissed before much waits for it', async () => {
    const { server, join, ask, get } = attacked()
    const tab = await join({ reads: false })
    await untilJoined(tab)
    const before = server.memory()
    const content = 'a'.repeat(MIB)
    let isGone = false
    for (let asked = 1; asked <= MOST_UNREAD && !isGone; asked++) {
      const answer = ask({ messages: [{ role: 'user', content }] })
      while (await unanswered(answer)) {
        // The numbers of its requests can be guessed.
        const told = await tab.tell(whole(asked), { ack: asked })
        if (told.status === 400) tab.sent -= 3
        await told.body?.cancel()
      }
      const { status, body } = await answer
      await body?.cancel()
      isGone = status !== 200
    }
    expect(isGone).toBe(true)
    const { data } = await get('/v1/tabs', 'root')
    expect(data.map(({ id }: Said) => id)).not.toContain(tab.id)
    if (server.host === 'in-process') return
    expect(server.stderr()).toContain('left: it does not read what it is sent')
    // Most of it is garbage of the requests: Bun had 91 to 109 MiB more in twelve runs.
    expect(server.memory() - before).toBeLessThan(140 * MIB)
  })

  it('for a request that it was not asked are nothing', async () => {
    const { join } = attacked()
    const tab = await join()
    const message = { kind: 'chunks', id: 99, chunks: [chunk({ content: 'a' })] }
    const response = await tab.reply(message)
    expect(await response.json()).toEqual({ seq: 1 })
  })
}

const MIB = 1024 * 1024

/** Requests of 1 MiB after which a tab must be gone: 16 MiB wait here, and the sockets hold some. */
const MOST_UNREAD = 40

/** Reads no more than its `joined`. */
async function untilJoined(tab: RawTab): Promise<void> {
  const { value } = (await tab.response.body?.getReader().read()) ?? {}
  tab.id = /"tab":"(tab_\w+)"/.exec(new TextDecoder().decode(value))?.[1] ?? ''
  expect(tab.id).not.toBe('')
}

/** An answer to the request of this number. */
function whole(id: number): object[] {
  const chunks = [chunk({ content: 'a' }), chunk({}, { finish_reason: 'stop' })]
  const said = [
    { kind: 'begun', id },
    { kind: 'chunks', id, chunks },
    { kind: 'done', id },
  ]
  return said.map((message) => ({ kind: 'tell', message }))
}

/** Whether it is still without an answer, a little later. */
function unanswered(answer: Promise<Response>): Promise<boolean> {
  const later = new Promise<boolean>((resolve) => setTimeout(() => resolve(true), 10))
  return Promise.race([answer.then(() => false), later])
}

/** Sends each of its messages again, with the number that it had, and all of them once more. */
function twice({ kind, message }: TabEvent, tab: RawTab): void {
  if (kind !== 'ask' || message.kind !== 'chat') return
  const { id } = message
  const said = [
    { kind: 'begun', id },
    { kind: 'chunks', id, chunks: [chunk({ content: 'once' })] },
    { kind: 'chunks', id, chunks: [chunk({}, { finish_reason: 'stop' })] },
    { kind: 'done', id },
  ].map((each) => ({ kind: 'tell', message: each }))
  const first = tab.sent + 1
  for (const [at, each] of said.entries()) {
    for (let time = 0; time < 2; time++) void tab.tell([each], { seq: first + at })
  }
  void tab.tell(said, { seq: first })
  tab.sent = first + said.length - 1
}

function wrongForms(host: HostName, attacked: () => Attacked): void {
  it.each<[string, object]>([
    ['of a kind that there is not', { kind: 'here', life: 'x' }],
    ['that lists other models', { kind: 'models', id: 1, models: [] }],
    ['with chunks that are none', { kind: 'chunks', id: 1, chunks: [null] }],
    ['with a number for chunks', { kind: 'chunks', id: 1, chunks: 7 }],
    [
      'of a huge text',
      { kind: 'progress', id: 1, progress: { model: 'm', done: 0, text: 'a'.repeat(10_000) } },
    ],
    ['with an id that is no integer', { kind: 'done', id: 1.5 }],
    ['with an id of another type', { kind: 'done', id: null }],
  ])('a message %s', async (_, message) => {
    const { join, expectRefusal } = attacked()
    const tab = await join()
    const { param } = await expectRefusal(await tab.reply(message), 400, 'invalid_value')
    expect(param).toMatch(/^messages\.0\b/)
  })

  it.each<[string, unknown, string]>([
    ['no list', { seq: 1, ack: 0, messages: {} }, 'messages'],
    ['no number', { ack: 0, messages: [] }, 'seq'],
    ['a text for a number', { seq: '1', ack: 0, messages: [] }, 'seq'],
    ['a list', [pong], 'batch'],
    ['a text', 'leaving', 'batch'],
    ['nothing', null, 'batch'],
    [
      'more messages than one may have',
      { seq: 1, ack: 0, messages: Array(1_025).fill(pong) },
      'messages',
    ],
  ])('a batch that is %s', async (_, batch, field) => {
    const { join, post, expectRefusal } = attacked()
    const { id } = await join()
    const response = await post(`/v1/tabs/${id}`, batch, 'phone')
    expect((await expectRefusal(response, 400, 'invalid_value')).param).toBe(field)
  })

  it.each<[string, string, string, number, string?]>([
    ['no JSON', '{"seq":', 'application/json', 400],
    ['nested without end', '['.repeat(100_000), 'application/json', 400],
    ['a form', 'seq=1', 'application/x-www-form-urlencoded', 415],
    ['a plain text', '{"seq":1,"ack":0,"messages":[]}', 'text/plain', 415],
  ])('a body of %s', async (_, body, type, status, code) => {
    const { join, url, send, expectRefusal } = attacked()
    const { id } = await join()
    const response = await send(`${url}/v1/tabs/${id}`, {
      method: 'POST',
      headers: { authorization: 'Bearer phone', 'content-type': type },
      body,
    })
    await expectRefusal(response, status, code)
  })

  it('a body of more bytes than one may have', needs(host, 'sockets'), async () => {
    const { join, server } = attacked()
    const tab = await join()
    // It is refused by the length that it announces.
    const response = await rawRequest({
      port: server.port,
      method: 'POST',
      path: `/v1/tabs/${tab.id}`,
      headers: {
        authorization: 'Bearer phone',
        'content-type': 'application/json',
        'content-length': '20000001',
      },
    })
    await response.waitFor('"code":"request_too_large"')
    expect(response.status()).toBe(413)
    expect(response.text()).toContain('--max-body')
    response.hangUp()
    // It was nothing: the next one has its number.
    expect((await tab.tell([pong])).status).toBe(200)
  })
}

function wrongNumbers(attacked: () => Attacked): void {
  it.each<[string, object, number, string]>([
    ['leaves some out', { seq: 5 }, 409, 'messages_missing'],
    ['confirms what was not sent', { ack: 7 }, 400, 'invalid_value'],
    ['confirms less than nothing', { ack: -1 }, 400, 'invalid_value'],
    ['counts below 1', { seq: -1 }, 400, 'invalid_value'],
    ['counts beyond what a number holds', { seq: 1e300 }, 400, 'invalid_value'],
  ])('one that %s is told so', async (_, fields, status, code) => {
    const { join, expectRefusal } = attacked()
    const tab = await join()
    const { param } = await expectRefusal(await tab.tell([pong], fields), status, code)
    expect(param).toBe(Object.keys(fields)[0])
    expect((await tab.tell([pong], { seq: 1 })).status).toBe(200)
  })

  it('one that comes back with a number that was not sent is told to join anew', async () => {
    const { join, expectRefusal } = attacked()
    const tab = await join()
    const { response } = await join({ hello: { resume: { tab: tab.id, seq: 9 } } })
    expect((await expectRefusal(response, 410, 'tab_gone')).param).toBe('resume')
    expect((await tab.tell([pong])).status).toBe(200)
  })
}
