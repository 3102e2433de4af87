import { expect, it } from 'vitest'
import type { Model } from '../../../../../src/engines/engine.ts'
import { managerOf, statefulNames } from '../../../../../src/engines/upstream/managers/manager.ts'
import { serverKindOf } from '../../../../../src/engines/upstream/server-kind.ts'

function model(id: string, more: object = {}): Model {
  return { id, object: 'model', created: 1, owned_by: 'library', ...more }
}

it('is a llama-server only where that routes', () => {
  expect(managerOf('llama-server', [model('m')])).toBeUndefined()
  expect(managerOf('llama-server', [model('m', { status: { value: 'unloaded' } })])).toBeDefined()
  expect(managerOf('vllm', [model('m')])).toBeUndefined()
  expect(managerOf(undefined, [])).toBeUndefined()
})

it('knows Ollama by any model of its library, since owners are namespaces there', () => {
  const foreign = model('hf.co/org/m:Q4_K_M', { owned_by: 'org' })
  expect(serverKindOf([foreign, model('llama3.2:latest')])).toBe('ollama')
  expect(serverKindOf([foreign])).toBeUndefined()
})

it('finds a model of Ollama without its tag, and no model of its cloud', () => {
  const models = [model('m:latest'), model('m:8b'), model('gpt-oss:120b-cloud'), model('k2:cloud')]
  expect([...statefulNames('ollama', models)]).toEqual([
    ['m:latest', 'm:latest'],
    ['m', 'm:latest'],
    ['m:8b', 'm:8b'],
  ])
})

it('finds models by their aliases, and none that llama-swap does not run itself', () => {
  const meta = (llamaswap: object) => ({ meta: { llamaswap } })
  const models = [
    model('old'),
    model('m', meta({ type: 'model', aliases: ['gpt'] })),
    model('listed', meta({ type: 'alias', modelID: 'm' })),
    model('p/far', meta({ type: 'peer', peerID: 'p' })),
    model('far', meta({ peerID: 'p' })),
    model('best', meta({ type: 'selector', targets: ['m'] })),
  ]
  expect([...statefulNames('llama-swap', models)]).toEqual([
    ['old', 'old'],
    ['m', 'm'],
    ['gpt', 'm'],
    ['listed', 'm'],
  ])
  const routed = [model('m', { aliases: ['other', 3] })]
  expect([...statefulNames('llama-server', routed)]).toEqual([
    ['m', 'm'],
    ['other', 'm'],
  ])
})
