import { expect, it } from 'vitest'
import { hangUps, joinPaced } from '../../support/hang-ups.ts'

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

it('a client that hangs up stops the engine of a tab, and the next request begins', async () => {
  await hangUps(30)
})

it('a client that does not read stops the engine after 64 chunks or so', async () => {
  const { engine, link, asking } = await joinPaced({ tokens: 100_000, every: 0 })
  const control = new AbortController()
  const response = await asking(control.signal)
  const reader = response.body?.getReader()
  await reader?.read()
  await pause(300)
  const { made } = engine
  expect(made).toBeLessThan(200)
  await pause(200)
  expect(engine.made).toBe(made)
  // It goes on when the client does.
  for (let packets = 0; packets < 200; packets++) await reader?.read()
  expect(engine.made).toBeGreaterThan(made)
  control.abort(new Error('left'))
  await reader?.cancel().catch(() => {})
  await expect.poll(() => engine.running).toBe(0)
  link.leave()
})
