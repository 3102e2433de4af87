import { expect, it } from 'vitest'
import {
  lmStudioStates,
  ollamaStates,
  routerStates,
  swapStates,
} from '../../../../../src/engines/upstream/managers/model-state.ts'

const routed = (status: unknown) => routerStates({ data: [{ id: 'm', status }] }).get('m')

it.each([
  [{ value: 'loaded' }, { kind: 'loaded' }],
  [{ value: 'unloaded' }, { kind: 'unloaded' }],
  [{ value: 'loading', args: [] }, { kind: 'loading' }],
  [{ value: 'sleeping' }, { kind: 'loading' }],
  [
    { value: 'unloaded', failed: true, exit_code: 1 },
    { kind: 'failed', exitCode: 1 },
  ],
  [
    { value: 'unloaded', failed: true, exit_code: 'x' },
    { kind: 'failed', exitCode: undefined },
  ],
  [{ value: 'downloading' }, { kind: 'loading', done: undefined }],
  [
    { value: 'downloading', progress: { a: { done: 10, total: 30 }, b: { done: 20, total: 30 } } },
    { kind: 'loading', done: 0.5 },
  ],
  [{ value: 'downloading', progress: { a: 'x', b: { done: '1' } } }, { kind: 'loading' }],
  [{ value: 'downloaded' }, undefined],
  ['loaded', undefined],
  [undefined, undefined],
])('reads the status %j of a router', (status, state) => {
  expect(routed(status)).toEqual(state)
})

it("reads the states of llama-swap's processes", () => {
  const running = ['starting', 'ready', 'stopping', 'shutdown'].map((state) => ({
    ...{ model: state, state },
  }))
  expect([...swapStates({ running })]).toEqual([
    ['starting', { kind: 'loading' }],
    ['ready', { kind: 'loaded' }],
    ['stopping', { kind: 'unloading' }],
  ])
})

it('reads the states of LM Studio and Ollama', () => {
  const data = ['loaded', 'loading', 'not-loaded', 'other'].map((state) => ({ id: state, state }))
  expect([...lmStudioStates({ data })]).toEqual([
    ['loaded', { kind: 'loaded' }],
    ['loading', { kind: 'loading' }],
    ['not-loaded', { kind: 'unloaded' }],
  ])
  expect([...ollamaStates({ models: [{ name: 'm:latest' }, { name: 3 }] })]).toEqual([
    ['m:latest', { kind: 'loaded' }],
  ])
})

it.each([undefined, null, [], 'text', {}, { data: {} }, { running: [null, 1] }, { models: [[]] }])(
  'reads nothing of %j',
  (body) => {
    for (const read of [routerStates, swapStates, lmStudioStates, ollamaStates])
      expect(read(body).size).toBe(0)
  },
)
