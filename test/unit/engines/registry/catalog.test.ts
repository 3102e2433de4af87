import { describe, expect, it } from 'vitest'
import type { Engine } from '../../../../src/engines/engine.ts'
import { Catalog } from '../../../../src/engines/registry/catalog.ts'
import { createStatic } from '../../../../src/engines/static/static.ts'

/** A catalog of one engine, which takes 20 ms to list its models, and how often that was asked. */
function world(isolateRequests = false) {
  const state = { asked: 0 }
  const engine = {
    label: 'gpu',
    isServer: true,
    async models() {
      state.asked++
      await new Promise((resolve) => setTimeout(resolve, 20))
      return [{ id: 'x', object: 'model', created: 1, owned_by: 'gpu' }]
    },
  } as unknown as Engine
  const own = createStatic({ staticText: 'A text.', staticDelay: 0 })
  return { state, catalog: new Catalog({ engines: [engine], static: own, isolateRequests }) }
}

const ids = (entries: { models: { id: string }[] }[]) => entries[0]?.models.map(({ id }) => id)

describe('lists asked for through another sluice', () => {
  it('are asked for once where they come the same way, and again after a second', async () => {
    const { state, catalog } = world()
    const lists = await Promise.all(
      Array.from({ length: 50 }, () => catalog.entries(0, ['a', 'me'])),
    )
    lists.push(await catalog.entries(0, ['a', 'me']))
    for (const entries of lists) expect(ids(entries)).toEqual(['x'])
    expect(state.asked).toBe(1)
    await catalog.entries(0, ['b', 'me'])
    expect(state.asked).toBe(2)
    await new Promise((resolve) => setTimeout(resolve, 1_050))
    await catalog.entries(0, ['a', 'me'])
    expect(state.asked).toBe(3)
  })

  it('are told what is known where they come by too many ways', async () => {
    const { state, catalog } = world()
    await catalog.entries(0)
    const ways = Array.from({ length: 200 }, (_, at) => catalog.entries(0, [`way-${at}`, 'me']))
    for (const entries of await Promise.all(ways)) expect(ids(entries)).toEqual(['x'])
    expect(state.asked).toBeLessThanOrEqual(18)
  })

  it('share what is known, and wait for nobody, where requests are isolated', async () => {
    const { state, catalog } = world(true)
    const ask = () => catalog.entries(0, ['a', 'me'])
    await Promise.all([ask(), ask()])
    expect(state.asked).toBe(2)
    expect(ids(await ask())).toEqual(['x'])
    expect(state.asked).toBe(2)
  })
})

it('keeps its list where an engine fails to tell the sizes of its models', async () => {
  const model = { id: 'x', object: 'model' as const, created: 1, owned_by: 'gpu' }
  const engineOf = (label: string, sizedModels: () => Promise<object[]>) =>
    ({ label, models: async () => [{ ...model }], sizedModels }) as unknown as Engine
  const engines = [
    engineOf('throws', () => {
      throw new Error('no sizes')
    }),
    engineOf('rejects', () => Promise.reject(new Error('no sizes'))),
    engineOf('tells', async () => [{ ...model, context_length: 8_192 }]),
  ]
  const own = createStatic({ staticText: 'A text.', staticDelay: 0 })
  const catalog = new Catalog({ engines, static: own, isolateRequests: false })
  const entries = await catalog.entries(0)
  await catalog.addSizes(entries)
  expect(entries.slice(0, 3).map(({ models }) => models[0]?.context_length)).toEqual([
    undefined,
    undefined,
    8_192,
  ])
})
