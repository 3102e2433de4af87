import { expect, it, vi } from 'vitest'
import { ask, engines, exchange, failing, pool } from './asking.ts'

/** A request of a conversation, and what is asked about it. */
function turn(key: string | undefined, length = 8_000) {
  const hint = { key: vi.fn(() => key), length: vi.fn(() => length) }
  const made = exchange()
  made.conversation = hint
  return { made, hint }
}

const answering = async () => 'fine'

it('nothing is asked about a conversation where one engine serves the model', async () => {
  const from = pool(engines('a'), { affinityWait: 1_000 })
  const { made, hint } = turn('k')
  await ask(from, { a: answering }, made).answer
  expect([hint.key.mock.calls, hint.length.mock.calls]).toEqual([[], []])
  expect(made.affinity).toBeUndefined()
})

it('a conversation is recognized once for a request, and its length only where it has an engine', async () => {
  const from = pool(engines('a', 'b'), { affinityWait: 1_000 })
  for (const [affinity, lengths] of [
    ['new', 0],
    ['kept', 1],
  ] as const) {
    const { made, hint } = turn('k')
    await ask(from, { a: answering, b: answering }, made).answer
    made.finish()
    expect(hint.key.mock.calls).toEqual([['m']])
    expect(hint.length).toHaveBeenCalledTimes(lengths)
    expect(made.affinity).toBe(affinity)
  }
})

it('a conversation is where an attempt succeeded, not where one failed', async () => {
  const from = pool(engines('a', 'b'))
  const first = turn('k')
  const asked = ask(from, { a: failing, b: answering }, first.made)
  await asked.answer
  first.made.finish()
  expect([asked.asked, first.made.affinity]).toEqual([['a', 'b'], 'new'])
  const second = turn('k')
  const again = ask(from, { a: answering, b: answering }, second.made)
  await again.answer
  expect([again.asked, second.made.affinity]).toEqual([['b'], 'kept'])
})

it('a request that nothing tells from others has no affinity', async () => {
  const from = pool(engines('a', 'b'))
  const { made } = turn(undefined)
  await ask(from, { a: answering, b: answering }, made).answer
  expect(made.affinity).toBeUndefined()
})
