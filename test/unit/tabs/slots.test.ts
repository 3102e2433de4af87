import { expect, it } from 'vitest'
import { answering, chunk, type RawTab, type TabEvent } from '../../support/raw-tab.ts'
import { create, type Said } from '../../support/tab-scene.ts'

/** Sends all that it may ahead of its client, and goes on at no time. */
function far({ kind, message }: TabEvent, tab: RawTab): void {
  if (kind !== 'ask' || message.kind !== 'chat') return
  const { id } = message
  const chunks = Array.from({ length: 64 }, () => chunk({ content: 'a'.repeat(8_000) }))
  void tab.reply({ kind: 'begun', id }, { kind: 'chunks', id, chunks })
}

/** A tab whose one client does not read, and a request that waits for it. */
async function occupied() {
  const scene = create()
  const tab = await scene.join({ onEvent: far })
  const unread = await scene.ask({ stream: true })
  // Until it waits for its client, and the other one for it.
  await new Promise((resolve) => setTimeout(resolve, 50))
  const waiting = scene.ask()
  await new Promise((resolve) => setTimeout(resolve, 50))
  return { ...scene, tab, unread, waiting }
}

it('a tab that is gone holds up no request, although its client does not read', async () => {
  const { tab, unread, waiting } = await occupied()
  await tab.tell([{ kind: 'leaving' }])
  const response = await waiting
  expect(response.status).toBe(503)
  expect(response.headers.get('retry-after')).toBe('1')
  expect(((await response.json()) as Said).error.code).toBe('engine_lost')
  expect(await unread.text()).toContain('engine_lost')
})

it('what waited for such a tab is asked of one that came later', async () => {
  const { join, tab, unread, waiting } = await occupied()
  await join({ onEvent: answering(['late']) })
  await tab.tell([{ kind: 'leaving' }])
  const response = await waiting
  expect(response.status).toBe(200)
  expect(await response.text()).toContain('late')
  await unread.body?.cancel()
})

it('what waited for two tabs goes on waiting for the one that is there', async () => {
  const { join, ask, tab, unread } = await occupied()
  let asked = 0
  const other = await join({
    onEvent: ({ kind, message }) => {
      if (kind === 'ask' && message.kind === 'chat') asked = message.id
    },
  })
  const running = ask()
  await expect.poll(() => asked).toBeGreaterThan(0)
  const both = ask()
  await new Promise((resolve) => setTimeout(resolve, 50))
  await tab.tell([{ kind: 'leaving' }])
  const first = asked
  answering(['one'])({ kind: 'ask', message: { kind: 'chat', id: first } }, other)
  expect((await running).status).toBe(200)
  // The request that waited for the tab that left comes first, then this one.
  for (let last = first, answered = 0; answered < 2; answered++) {
    await expect.poll(() => asked).toBeGreaterThan(last)
    last = asked
    answering(['one'])({ kind: 'ask', message: { kind: 'chat', id: last } }, other)
  }
  expect((await both).status).toBe(200)
  await unread.body?.cancel()
})
