import { afterEach, expect, it, vi } from 'vitest'
import { transformWriter } from '../../../src/stream/transform-writer.ts'
import { PING_EVERY } from '../../../src/tabs/protocol.ts'
import { Tab } from '../../../src/tabs/tab.ts'
import { tabEngine } from '../../../src/tabs/tab-engine.ts'

afterEach(() => vi.restoreAllMocks())

/** A tab whose clock a test moves, and how often it was pinged. */
function create() {
  // Whole milliseconds, as sums of fractions are not exact.
  const startedAt = Math.floor(performance.now())
  let passed = 0
  vi.spyOn(performance, 'now').mockImplementation(() => startedAt + passed)
  const state = { models: [], visible: true, paused: false }
  const tab = new Tab({
    ...{ id: 'tab_1', name: 'phone', key: 'phone', state, gather: 0, pingEvery: PING_EVERY },
    onState: () => {},
    onGone: () => {},
  })
  let pings = 0
  const body = transformWriter()
  const write = body.write.bind(body)
  body.write = (pieces) => {
    if (pieces.some((piece) => new TextDecoder().decode(piece).includes('"ping"'))) pings++
    return write(pieces)
  }
  tab.attach(body)
  const engine = tabEngine(tab, () => true)
  return {
    tab,
    pings: () => pings,
    setBack: () => Math.floor(engine.setBack ?? 0),
    /** Seconds pass, with a look at the tab each. */
    wait(seconds: number) {
      for (let second = 0; second < seconds; second++) {
        passed += 1_000
        tab.tick(performance.now())
      }
    },
    reply: () => tab.receive({ seq: 1, ack: 0, messages: [] }, 2),
  }
}

it('others are asked before a tab that owes the reply to a ping', () => {
  const { wait, reply, setBack, pings } = create()
  wait(16)
  expect(pings()).toBe(1)
  expect(setBack()).toBe(0)
  wait(2)
  expect(setBack()).toBe(1)
  reply()
  expect(setBack()).toBe(0)
})

it('a tab that owes a reply is pinged more often, until it is gone', () => {
  const { wait, reply, tab, pings } = create()
  wait(15)
  expect(pings()).toBe(1)
  wait(12)
  expect(pings()).toBe(5)
  reply()
  wait(14)
  expect(pings()).toBe(5)
  wait(60)
  expect(tab.gone).toMatch(/has not answered for 4[56] s/)
})
