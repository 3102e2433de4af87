/**
 * What captures cost: nanoseconds for each packet of a stream that is forwarded, in one process, with
 * captures off and on in turns.
 *
 *   RUNTIME bench/measure/captures.ts [ROUNDS]        off, on, and what on costs more
 *   RUNTIME bench/measure/captures.ts [ROUNDS] off    a JSON array with the values of off alone, which can
 *                                                     be compared with those of another commit
 */
import { createHostedHandler } from '../../src/handler.ts'
import type { Fetch, TakePacket } from '../../src/platform/fetch.ts'

declare const process: { argv: string[] }

const PACKETS = 5_000
const ROUNDS = Number(process.argv[2] ?? 40)
const isOffAlone = process.argv[3] === 'off'
/** Rounds that do not count, in which the runtime compiles the code. */
const WARM_UPS = 8

const chunk = (delta: object, finish_reason: string | null = null) =>
  new TextEncoder().encode(
    `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta, finish_reason }] })}\n\n`,
  )

const TOKEN = chunk({ role: 'assistant', content: ' tok' })
const END = chunk({}, 'stop')
const DONE = new TextEncoder().encode('data: [DONE]\n\n')

/** An upstream in this process, which pushes a packet for each token. */
const fetch: Fetch = async (url) => {
  if (url.endsWith('/models')) return Response.json({ data: [{ id: 'm', object: 'model' }] })
  const headers = new Headers({ 'content-type': 'text/event-stream' })
  let sent = 0
  const next = () => (++sent <= PACKETS ? TOKEN : [END, DONE][sent - PACKETS - 1])
  const reader = {
    async read() {
      const value = next()
      return value ? { done: false as const, value } : { done: true as const }
    },
    async forEachPacket(take: TakePacket) {
      for (let packet = next(); packet !== undefined; packet = next()) await take(packet)
    },
    cancel: async () => {},
  }
  return {
    status: 200,
    ok: true,
    headers,
    body: { getReader: () => reader, cancel: async () => {} },
  }
}

function handlerWith(settings: object) {
  const given = { upstream: ['gpu=http://127.0.0.1:9/v1'], insecure: true, ...settings }
  return createHostedHandler(given, { fetch })
}

const off = handlerWith({})
const on = isOffAlone ? off : handlerWith({ capture: 'all' })

async function nanosecondsOf({ fetch: ask }: typeof off): Promise<number> {
  const messages = [{ role: 'user', content: 'hello' }]
  const request = new Request('http://127.0.0.1/v1/chat/completions', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'm', stream: true, messages }),
  })
  const start = performance.now()
  const reader = (await ask(request)).body?.getReader()
  let bytes = 0
  for (let part = await reader?.read(); part && !part.done; part = await reader?.read())
    bytes += part.value.length
  const took = performance.now() - start
  if (bytes < PACKETS * TOKEN.length) throw new Error(`expected a whole stream, got ${bytes} bytes`)
  return (took * 1e6) / PACKETS
}

const values: { off: number; on: number }[] = []
for (let round = 0; round < WARM_UPS + ROUNDS; round++) {
  // In turns, so that neither is always the first.
  const order = round % 2 === 0 ? (['off', 'on'] as const) : (['on', 'off'] as const)
  const value = { off: 0, on: 0 }
  for (const which of order) {
    if (which === 'on' && isOffAlone) continue
    value[which] = await nanosecondsOf(which === 'off' ? off : on)
  }
  if (round >= WARM_UPS) values.push(value)
}

const median = (numbers: number[]) => numbers.sort((a, b) => a - b)[numbers.length >> 1] ?? 0

/** The 95 % confidence interval of a median, by ranks: other programs disturb some rounds by far more. */
function interval(numbers: number[]): [number, number] {
  const sorted = [...numbers].sort((a, b) => a - b)
  const half = 0.98 * Math.sqrt(sorted.length)
  const at = (rank: number) => sorted[Math.min(sorted.length - 1, Math.max(0, Math.round(rank)))]
  return [at(sorted.length / 2 - half) ?? 0, at(sorted.length / 2 + half) ?? 0]
}

if (isOffAlone) {
  console.log(JSON.stringify(values.map((each) => Math.round(each.off))))
} else {
  const more = values.map((each) => each.on - each.off)
  const [least, most] = interval(more)
  console.log(`off ${Math.round(median(values.map((each) => each.off)))} ns per packet (median)`)
  console.log(`on  ${Math.round(median(values.map((each) => each.on)))} ns per packet (median)`)
  console.log(
    `on costs ${Math.round(median(more))} ns more for each packet (95 %: ${Math.round(least)} to ${Math.round(most)})`,
  )
}
