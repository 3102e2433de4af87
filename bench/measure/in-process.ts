/**
 * Nanoseconds that a token of the `static` engine takes through handler and server-sent events,
 * inside one process: `RUNTIME bench/measure/in-process.ts [REPEATS]` prints a JSON array, a figure
 * a repeat. It runs on every runtime.
 */
import { createHandler } from '../../src/index.ts'

declare const process: { argv: string[] }

const TOKENS = 20_000
const REPEATS = Number(process.argv[2] ?? 12)
/** What is not yet compiled is not what a token costs. */
const UNCOUNTED = 5

const handler = createHandler({
  staticText: 'word '.repeat(TOKENS).trim(),
  staticDelay: 0,
  insecure: true,
})

async function speak(): Promise<{ bytes: number; nanoseconds: number }> {
  const body = JSON.stringify({
    model: 'static',
    stream: true,
    messages: [{ role: 'user', content: 'hello' }],
  })
  const request = new Request('http://127.0.0.1/v1/chat/completions', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  })
  const start = performance.now()
  const response = await handler.fetch(request)
  const reader = response.body?.getReader()
  let bytes = 0
  for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) {
    bytes += part.value.length
  }
  return { bytes, nanoseconds: (performance.now() - start) * 1e6 }
}

const costs: number[] = []
for (let i = 0; i < UNCOUNTED + REPEATS; i++) {
  const { bytes, nanoseconds } = await speak()
  if (bytes < TOKENS * 100) throw new Error(`only ${bytes} bytes came`)
  if (i >= UNCOUNTED) costs.push(nanoseconds / TOKENS)
}
console.log(JSON.stringify(costs))
