import { expect, it, vi } from 'vitest'
import type { Runtime } from '../../../../src/hosts/server/runtime.ts'

const host = ['bun', 'deno'].find((name) => name in process.versions) ?? 'node'
const { runtime }: { runtime: Runtime } = await import(`../../../../src/hosts/${host}/runtime.ts`)

it('leaves no timer behind where it has listened', async () => {
  const setting = vi.spyOn(globalThis, 'setInterval')
  const clearing = vi.spyOn(globalThis, 'clearInterval')
  try {
    const { port, close } = await runtime.listen({
      fetch: async () => new Response('answered'),
      ...{ port: 0, hostname: '127.0.0.1', tls: undefined, bodyTimeout: 10_000 },
    })
    expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('answered')
    await close()
    const cleared = clearing.mock.calls.map(([timer]) => timer)
    for (const { value } of setting.mock.results) expect(cleared).toContain(value)
  } finally {
    vi.restoreAllMocks()
  }
})
