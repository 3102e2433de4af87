// The public types, held by the compiler: each line behind an expected error must be one.

import * as sluice from '@sluice/sluice'
import {
  type ApiError,
  createHandler,
  defineEngine,
  parseSettings,
  settingsFromEnv,
} from '@sluice/sluice'
import type { Server, ServerOptions } from '@sluice/sluice/node'
import { serve } from '@sluice/sluice/node'
import { expect, expectTypeOf, it } from 'vitest'
import type { DenoServerOptions } from '../../src/options.ts'

it('exports these values', () => {
  expect(Object.keys(sluice).sort()).toEqual([
    'ApiError',
    'SettingsError',
    'createHandler',
    'defineEngine',
    'parseSettings',
    'settingsFromEnv',
  ])
})

it('types what is made', () => {
  expectTypeOf(createHandler).returns.toEqualTypeOf<sluice.Handler>()
  type Options = Parameters<typeof createHandler>[0]
  expectTypeOf<Options>().toEqualTypeOf<sluice.HandlerOptions | undefined>()
  expectTypeOf(serve).returns.toEqualTypeOf<Promise<Server>>()
  expectTypeOf(serve).parameter(0).toEqualTypeOf<ServerOptions | undefined>()
  expectTypeOf(defineEngine).returns.toEqualTypeOf<sluice.Engine>()
  expectTypeOf(defineEngine).parameter(0).toEqualTypeOf<sluice.EngineDefinition>()
  expectTypeOf(parseSettings).returns.toEqualTypeOf<sluice.Settings>()
  expectTypeOf(settingsFromEnv).returns.toEqualTypeOf<sluice.SettingsInput>()
  expectTypeOf<ApiError>().toExtend<Error>()
})

type RouteHandler = (
  request: Request,
  context: { params: Promise<object> },
) => Response | Promise<Response>

it('types a fetch that any router takes', () => {
  type Fetch = sluice.Handler['fetch']
  expectTypeOf<Fetch>().toExtend<(request: Request) => Promise<Response>>()
  expectTypeOf<Fetch>().toExtend<RouteHandler>()
  expectTypeOf<Fetch>().toExtend<(request: Request, env: unknown, context: unknown) => unknown>()
  expectTypeOf<typeof fetch>().toExtend<sluice.Fetch>()
})

/** Never called: the compiler reads it. */
export function wrong(engine: sluice.Engine): void {
  createHandler({ engines: [engine], basePath: '/ai', log: ({ key }) => key })
  createHandler({ ...settingsFromEnv({}), log: 'json' })
  createHandler({ authenticate: async ({ headers }) => ({ name: headers.get('x') ?? '' }) })
  // @ts-expect-error an option of serve
  createHandler({ port: 8787 })
  // @ts-expect-error an option of serve
  createHandler({ discover: true })
  // @ts-expect-error an option of serve on Deno
  createHandler({ webgpu: true })
  // @ts-expect-error there is no such option
  createHandler({ upstreams: [] })
  // @ts-expect-error lines for a terminal are for serve
  createHandler({ log: 'text' })
  // @ts-expect-error an engine is made by defineEngine
  createHandler({ engines: [{ label: 'own', chat() {}, models() {} }] })
  createHandler(settingsFromEnv({}), { reach: 'machine', log: ({ key }) => key })
  expectTypeOf<sluice.Found>().toEqualTypeOf<sluice.EngineStatus>()
  expectTypeOf<sluice.Host>().toExtend<{ reach?: unknown }>()
  // @ts-expect-error a host is for runtimes
  createHandler({}, { exposure: 'machine' })

  void serve({ port: 0, host: '0.0.0.0', discover: false, grace: 1_000, log: 'text' })
  // @ts-expect-error only Deno runs models on the GPU
  void serve({ webgpu: true })
  expectTypeOf<{ webgpu: true; port: 1 }>().toExtend<DenoServerOptions>()

  defineEngine({
    label: 'own',
    models: ['m', { id: 'n', owned_by: 'me' }],
    async *chat({ messages }, { signal, onProgress }) {
      expectTypeOf(messages).toEqualTypeOf<sluice.ChatMessage[]>()
      expectTypeOf(signal).toEqualTypeOf<AbortSignal>()
      onProgress({ model: 'm', done: 0.5, text: 'loading' })
      yield 'a text'
      yield { content: 'a delta', finish_reason: 'length' }
      yield { tool_calls: [{ function: { name: 'f', arguments: '{}' } }] }
      yield { choices: [{ delta: { content: 'a chunk' } }] }
      return { usage: { prompt_tokens: 1, completion_tokens: 1 } }
    },
    embed: ({ input }) => [input].flat().map(() => [1, 2]),
  })
  defineEngine({
    label: 'own',
    models: ['m'],
    // @ts-expect-error a number means nothing
    async *chat() {
      yield 42
    },
  })
  // @ts-expect-error it answers nothing
  defineEngine({ label: 'own', models: ['m'] })
}
