// Vectors that are longer than one message of a tab may be.

import { expect, it, onTestFinished } from 'vitest'
import { serveEngine } from '../../../src/engines/remote/serve-engine.ts'
import { Link } from '../../../src/tabs/link.ts'
import { pacedEngine } from '../../support/tab-engine.ts'
import { create, type Said, url } from '../../support/tab-scene.ts'

/** A tab whose engine answers with this as its vectors. */
async function embedding(json: string) {
  const scene = create()
  const engine = pacedEngine({ tokens: 1, every: 0 })
  engine.embed = async () => ({ kind: 'whole', json, repaired: [] })
  const joined = Promise.withResolvers<void>()
  const statuses: string[] = []
  const link = new Link({
    ...{ url, key: 'phone', fetch: scene.send as typeof fetch },
    state: { models: [{ id: 'm', state: 'loaded' }], visible: true, paused: false },
    serve: (port) => serveEngine(port, engine),
    onStatus({ kind }) {
      statuses.push(kind)
      if (kind === 'joined') joined.resolve()
    },
  })
  onTestFinished(() => link.leave())
  await joined.promise
  const embed = () => scene.post('/v1/embeddings', { model: 'm', input: 'a' }, 'ann')
  return { embed, statuses, ask: scene.ask }
}

const answerOf = (embedding: string) =>
  JSON.stringify({ object: 'list', model: 'm', data: [{ index: 0, embedding }] })
    .replace('"X', '[')
    .replace('X"', ']')

const numbers = (count: number) => `X${Array(count).fill('0.123456').join()}X`

it('fail by name at once, and the tab stays', async () => {
  const { embed, statuses, ask } = await embedding(answerOf(numbers(2_000_000)))
  const since = performance.now()
  const response = await embed()
  expect(response.status).toBe(501)
  const { error } = (await response.json()) as Said
  expect(error).toMatchObject({ code: 'model_not_capable', param: 'input' })
  expect(error.message).toMatch(/^input: expected .* at most 16 MiB, .*, got 18 MiB; send fewer/)
  expect(performance.now() - since).toBeLessThan(3_000)
  expect((await ask()).status).toBe(200)
  expect(statuses).toEqual(['joining', 'joined'])
})

it('arrive whole where they are just short enough', async () => {
  const { embed } = await embedding(answerOf(numbers(1_800_000)))
  const response = await embed()
  expect(response.status).toBe(200)
  const { data } = (await response.json()) as Said
  expect(data[0].embedding).toHaveLength(1_800_000)
})
