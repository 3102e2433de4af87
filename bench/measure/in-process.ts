/**
 * Nanoseconds for each token of the `static` engine, through the handler to server-sent events in one
 * process. `RUNTIME bench/measure/in-process.ts [REPEATS]` prints a JSON array with a value for each
 * repeat, on any runtime.
 */
import { createHandler } from '../../src/index.ts'

declare const process: { argv: string[] }

const TOKENS = 20_000
const REPEATS = Number(process.argv[2] ?? 12)
/** Repeats that do not count, in which the runtime compiles the code. */
const WARM_UPS = 5

const handler = createHandler({
  staticText: 'word '.repeat(TOKENS).trim(),
  staticDelay: 0,
  insecure: true,
})

async function answerOnce(): Promise<{ bytes: number; nanoseconds: number }> {
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
for (let i = 0; i < WARM_UPS + REPEATS; i++) {
  const { bytes, nanoseconds } = await answerOnce()
  if (bytes < TOKENS * 100) {
    throw new Error(`expected at least ${TOKENS * 100} bytes, got ${bytes}`)
  }
  if (i >= WARM_UPS) costs.push(nanoseconds / TOKENS)
}
console.log(JSON.stringify(costs))
