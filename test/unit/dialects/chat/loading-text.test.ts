import { expect, it } from 'vitest'
import { ChatEncoder } from '../../../../src/dialects/chat/encoder.ts'
import { LoadingText, withoutLoadingText } from '../../../../src/dialects/chat/loading-text.ts'
import { ChatContract } from '../../../../src/wire/contract/chat.ts'

const chunkOf = (id: string, model: string, content: string) => ({
  ...{ id, object: 'chat.completion.chunk' as const, created: 7, model },
  choices: [{ index: 0, delta: { role: 'assistant', content }, finish_reason: null }],
})

it('says once what does not change, and a percentage every ten', () => {
  const text = new LoadingText('reasoning')
  const said = ['loading\nm', 'loading m', 'loading m 3 %', 'loading m 9 %', 'loading m 10 %']
  expect([...said, 'loading m 19 %', 'loading m 100 %'].map((each) => text.lineFor(each))).toEqual([
    '[sluice] loading m\n',
    undefined,
    '[sluice] loading m 0 %\n',
    undefined,
    '[sluice] loading m 10 %\n',
    undefined,
    '[sluice] loading m 100 %\n',
  ])
})

it('makes one stream of it and of the answer', () => {
  const encoder = new ChatEncoder('id', 'asked', new LoadingText('reasoning'))
  expect(encoder.ping()).toBe(': ping\n')
  expect(encoder.identity).toBeUndefined()
  const first = encoder.ping('loading m')
  expect(first).toContain('"delta":{"role":"assistant","reasoning":"[sluice] loading m\\n"}')
  // A comment could make a client lose the next event, and the stream has begun for it.
  expect(encoder.ping('loading m')).toContain('"delta":{}')
  expect(encoder.ping()).toContain('"delta":{}')
  expect(encoder.identity).toMatchObject({ id: 'chatcmpl-id', model: 'asked' })
  // An engine's chunks, which have passed a contract of its own.
  const rest = encoder.opening(undefined) + encoder.chunks([chunkOf('own', 'real', 'Hi')])
  const chunks = (first + rest)
    .trim()
    .split('\n\n')
    .map((frame) => JSON.parse(frame.slice('data: '.length)) as Record<string, unknown>)
  for (const field of ['id', 'model', 'created'])
    expect(new Set(chunks.map((chunk) => chunk[field])).size).toBe(1)
})

it('gives an upstream’s chunks the identity that the client knows, which is no repair', () => {
  const identity = { id: 'known', model: 'asked', created: 1 }
  const contract = new ChatContract({ label: 'gpu', identity })
  for (const content of ['a', 'b']) {
    const chunk = chunkOf('own', 'real', content)
    expect(contract.check(chunk)).toBe('changed')
    expect(chunk).toMatchObject({ id: 'known', model: 'asked' })
  }
  expect([...contract.repaired]).toEqual([])
})

it('is taken out of what a client sends back, and nothing else is', () => {
  const user = { role: 'user', content: '[sluice] x\n' }
  const own = { role: 'assistant', content: 'a', reasoning: 'Mine.\n[sluice] quoted\n' }
  const plain = [user, own] as never[]
  expect(withoutLoadingText(plain)).toBe(plain)
  const reasoning = '[sluice] loading m\n[sluice] loading m 10 %\nMine.\n[sluice] quoted\n'
  expect(withoutLoadingText([user, { ...own, reasoning }] as never[])).toEqual(plain)
})
