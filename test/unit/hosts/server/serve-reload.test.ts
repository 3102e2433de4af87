import { expect, it } from 'vitest'
import { defineEngine } from '../../../../src/engines/custom/define-engine.ts'
import type { Runtime } from '../../../../src/hosts/server/runtime.ts'
import { startWith } from '../../../../src/hosts/server/start-with.ts'

const engine = defineEngine({
  label: 'own',
  models: ['own-1'],
  async *chat() {
    yield 'one'
  },
})

/** A server that listens nowhere, and the addresses that it asked. */
async function started() {
  const asked: string[] = []
  const runtime: Runtime = {
    name: 'test',
    place: 'node',
    async fetch(input) {
      asked.push(String(input))
      throw new TypeError('nobody listens')
    },
    listen: async () => ({ port: 1, close: async () => {} }),
  }
  const server = await startWith(runtime, { engines: [engine], insecure: true })
  return { server, asked }
}

it('does not look for local servers beside a program that brings an engine, after a reload either', async () => {
  const { server, asked } = await started()
  await server.refresh()
  server.reload({ queue: 5 })
  await server.refresh()
  expect(asked).toEqual([])
  server.reload({ discover: true })
  await server.refresh()
  expect(asked).not.toEqual([])
  await server.stop(0)
})

it('refuses to reload what this runtime cannot do', async () => {
  const { server } = await started()
  expect(() => server.reload({ webgpu: true })).toThrow(
    /^webgpu: this setting is not supported on Node/,
  )
  await server.stop(0)
})
