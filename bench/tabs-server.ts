/** A server whose heap `bench/tabs.ts` reads: a line on its input asks for the bytes that are in use. */
import { createHash } from 'node:crypto'
import { createInterface } from 'node:readline'
import { OFFERS } from './tabs-keys.ts'

const host = 'Bun' in globalThis ? 'bun' : 'Deno' in globalThis ? 'deno' : 'node'
const { serve } = (await import(`../src/hosts/${host}.ts`)) as typeof import('../src/hosts/node.ts')
const keys = OFFERS.map((key) => {
  return {
    name: key,
    hash: `sha256:${createHash('sha256').update(key).digest('hex')}`,
    offers: true,
  }
})
const server = await serve({ port: 0, discover: false, page: false, log: 'none', keys })
console.log(server.url)
for await (const _ of createInterface({ input: process.stdin })) console.log(await used())

async function used(): Promise<number> {
  for (let round = 0; round < 3; round++) {
    collect()
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  return process.memoryUsage().heapUsed
}

function collect(): void {
  const { Bun, gc } = globalThis as { Bun?: { gc(isSync: boolean): void }; gc?: () => void }
  if (Bun) Bun.gc(true)
  else gc?.()
}
