// What the program gives to record spans may fail; no request may fail with it.

import { context, trace } from '@opentelemetry/api'
import { afterEach, expect, it, vi } from 'vitest'
import { createHandler, defineEngine } from '../../../../src/index.ts'

afterEach(() => {
  trace.disable()
  context.disable()
  vi.restoreAllMocks()
})

const SPAN = {
  spanContext: () => ({ traceId: '1'.repeat(32), spanId: '2'.repeat(16), traceFlags: 1 }),
  setAttributes() {},
  setStatus() {},
  addEvent() {},
  end() {},
}

async function answer(): Promise<string> {
  const engine = defineEngine({ label: 'code', models: ['m'], chat: async () => ['Ho'] })
  const handler = createHandler({ engines: [engine], insecure: true })
  const init = {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'Hi' }] }),
  }
  const response = await handler.fetch(new Request('http://localhost/v1/chat/completions', init))
  return `${response.status} ${await response.text()}`
}

it('a tracer that throws ends no request, and is written to the log', async () => {
  const log = vi.spyOn(console, 'error').mockImplementation(() => {})
  // Only the span of the request begins.
  const startSpan = vi.fn((name: string) => {
    if (name.startsWith('POST ')) return SPAN
    throw new Error('broken sampler')
  })
  trace.setGlobalTracerProvider({ getTracer: () => ({ startSpan }) } as never)
  expect(await answer()).toMatch(/^200 .*"Ho"/)
  expect(startSpan).toHaveBeenCalled()
  expect(log.mock.calls.join()).toContain('broken sampler')
})

it('neither does a context manager that throws, before or after it has called', async () => {
  vi.spyOn(console, 'error').mockImplementation(() => {})
  trace.setGlobalTracerProvider({ getTracer: () => ({ startSpan: () => SPAN }) } as never)
  for (const isCalled of [false, true]) {
    const run = vi.fn((_: unknown, act: () => unknown) => {
      if (isCalled) act()
      throw new Error('broken manager')
    })
    context.disable()
    const empty = { getValue() {}, setValue: () => empty, deleteValue: () => empty }
    const active = () => empty
    context.setGlobalContextManager({
      active,
      with: run,
      bind() {},
      enable() {},
      disable() {},
    } as never)
    expect(await answer()).toMatch(/^200 .*"Ho"/)
    expect(run).toHaveBeenCalled()
  }
})
