import { expect, it } from 'vitest'
import type { ReplyMessage } from '../../../src/engines/remote/protocol.ts'
import { PulledWriter } from '../../../src/stream/pulled-writer.ts'
import { PING_EVERY } from '../../../src/tabs/protocol.ts'
import { Tab } from '../../../src/tabs/tab.ts'
import type { ChatChunk } from '../../../src/wire/chat/request.ts'
import { chunk } from '../../support/raw-tab.ts'
import { create as createScene } from '../../support/tab-scene.ts'

const MIB = 1024 * 1024

/** A tab that reads nothing of its stream, and how many chunks of it were passed on. */
function create() {
  const state = { models: [], visible: true, paused: false }
  const tab = new Tab({
    ...{ id: 'tab_1', name: 'phone', key: 'phone', state, gather: 0, pingEvery: PING_EVERY },
    onState: () => {},
    onGone: () => {},
  })
  tab.attach(new PulledWriter())
  let passed = 0
  tab.addEventListener('message', ({ data }) => {
    const message = data as ReplyMessage
    if (message.kind === 'chunks') passed += message.chunks.length
  })
  const ask = (id: number, content = 'Hi') => {
    const request = { model: 'm', messages: [{ role: 'user', content }] }
    tab.ask({ kind: 'chat', id, request, credit: 64 } as Parameters<Tab['ask']>[0])
  }
  let seq = 0
  const reply = (chunks: object[], bytes: number, ack = 1) => {
    const message = { kind: 'chunks' as const, id: 1, chunks: chunks as ChatChunk[] }
    tab.receive({ seq: ++seq, ack, messages: [{ kind: 'tell', message }] }, bytes)
  }
  return { tab, ask, reply, passed: () => passed }
}

it('a tab that confirms what it never reads is dismissed before much is kept for it', () => {
  const { tab, ask } = create()
  const text = 'a'.repeat(MIB)
  let sent = 0
  while (tab.gone === undefined && sent < 100) {
    ask(++sent, text)
    tab.receive({ seq: 1, ack: sent, messages: [] }, 0)
  }
  expect(tab.gone).toBe('it does not read what it is sent')
  expect(sent).toBeLessThanOrEqual(17)
})

it('a tab that neither reads nor confirms is dismissed sooner', () => {
  const { tab, ask } = create()
  let sent = 0
  while (tab.gone === undefined && sent < 100) ask(++sent, 'a'.repeat(MIB))
  expect(tab.gone).toBe('it does not confirm what it is sent')
  expect(sent).toBeLessThanOrEqual(9)
})

it.each([1, 1_024, 1_000_000])('of a million chunks, %d at once, few are passed on', (size) => {
  const { tab, ask, reply, passed } = create()
  ask(1)
  const chunks = new Array<object>(size).fill(chunk({ content: 'a' }))
  for (let sent = 0; sent < 1_000_000 && tab.gone === undefined; sent += size) {
    reply(chunks, size * 100)
  }
  expect(tab.gone).toBe('it sent more than its reader had room for')
  expect(passed()).toBeLessThanOrEqual(128)
})

it('bytes that its client has not read count, however few the chunks are', () => {
  const { tab, ask, reply, passed } = create()
  ask(1)
  for (let sent = 0; sent < 64 && tab.gone === undefined; sent++) reply([chunk({})], MIB)
  expect(tab.gone).toBe('it sent more than its reader had room for')
  expect(passed()).toBe(8)
})

it('a tab that confirms none of many requests is dismissed', async () => {
  const { join, ask, get } = createScene()
  const error = { status: 503, message: 'no', type: 'x', code: null, param: null }
  const tab = await join({
    onEvent({ kind, message }, self) {
      if (kind === 'ask' && message.kind === 'chat') {
        void self.reply({ kind: 'error', id: message.id, error })
      }
    },
  })
  Object.defineProperty(tab, 'seq', { get: () => 0, set: () => {} })
  for (let n = 0; n < 300; n++) {
    const { status } = await ask()
    if (status === 404) break
  }
  expect((await get('/v1/tabs', 'root')).data).toEqual([])
})
