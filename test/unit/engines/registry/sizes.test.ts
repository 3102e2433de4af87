import { expect, it } from 'vitest'
import { createHostedHandler } from '../../../../src/handler.ts'
import { llamaServerFacts, modelOf } from '../../../support/server-facts.ts'
import { engine, picked, router } from './routing.ts'

/** A handler in front of a llama-server that lists only what its model was trained with. */
function start(props: () => Promise<unknown>) {
  const listed = modelOf('m', 'llamacpp', { meta: { n_ctx_train: 131_072 } })
  const { fetch } = createHostedHandler(
    { upstream: [{ label: 'gpu', url: 'http://gpu/v1' }], insecure: true },
    {
      async fetch(url) {
        if (!url.endsWith('/props')) return Response.json({ data: [listed] }) as never
        return Response.json(await props()) as never
      },
    },
  )
  return async (hop?: string) => {
    const headers = hop ? { 'x-sluice-hop': hop } : {}
    const response = await fetch(new Request('http://localhost/v1/models', { headers }))
    const { data } = (await response.json()) as { data: { context_length?: number }[] }
    return data[0]?.context_length
  }
}

const said = llamaServerFacts(8192)({ path: '/props' } as never)?.body

it('has what a server said in lists that other sluices share, too', async () => {
  let answer: (value: unknown) => void = () => {}
  const answered = new Promise<unknown>((resolve) => {
    answer = resolve
  })
  const list = start(() => answered)
  // The list does not wait for an answer that takes long.
  expect(await list('other')).toBe(131_072)
  answer(said)
  await new Promise((resolve) => setTimeout(resolve, 20))
  // It is used again for a second, by requests that came the same way.
  expect(await list('other')).toBe(8192)
  expect(await list()).toBe(8192)
})

it('is routed by a list that came with the sizes of its models', async () => {
  const gpu = engine('gpu', 'm')
  const sized = Object.assign(gpu, { sizedModels: () => gpu.models(new AbortController().signal) })
  const routes = router([sized, engine('other', 'm')])
  await routes.list(undefined)
  expect(await picked(routes, 'm')).toBe('gpu m')
  gpu.ids = ['n']
  // What came through two others gets the known list, with sizes that are asked for now.
  await routes.list(undefined, ['one', 'two', 'three'])
  expect(await picked(routes, 'm')).toBe('other m')
  expect(await picked(routes, 'n')).toBe('gpu n')
})
