import { request } from '../client.ts'
import { now } from '../clock.ts'
import type { Bench, Runner } from '../runner.ts'
import { makeScript } from '../script.ts'
import { BLOCK, makeTemplate, type Shape } from '../shapes.ts'

/** One for each shape. */
const STREAMS = 4

/**
 * Tokens a second where the upstream sends as fast as back-pressure allows, in four streams at the same
 * time, one of each shape; and the part of its core that the candidate used meanwhile. Near 1 the
 * candidate was the bottleneck, well below 1 it was the load generator.
 */
export async function measureFlood(bench: Bench, runner: Runner): Promise<Record<string, number>> {
  const first = await flood(bench, runner, 20 * BLOCK)
  const second = await flood(bench, runner, tokensFor(first.rate, 0.3 * bench.scale))
  const { rate, busy, sent, received } = await flood(
    bench,
    runner,
    tokensFor(second.rate, 1.5 * bench.scale),
  )
  return {
    'flood.rate': rate,
    'flood.busy': busy,
    'flood.sent': sent,
    'flood.received': received,
  }
}

/** The number of tokens in each stream that makes a flood at this rate last `seconds`. */
function tokensFor(rate: number, seconds: number): number {
  const blocks = Math.round((rate * seconds) / STREAMS / BLOCK)
  return Math.max(blocks, 4) * BLOCK
}

async function flood({ upstream }: Bench, runner: Runner, tokens: number) {
  const bytesOnly = !runner.candidate.reencodes
  const before = runner.usage().cpu
  const startedAt = now()
  const streams = await Promise.all(
    Array.from({ length: STREAMS }, async () => {
      const script = makeScript('flood', { tokens })
      return { script, reading: await request(runner.target, script, { bytesOnly }) }
    }),
  )
  await Promise.all(streams.map(({ reading }) => reading.ended))
  const micros = now() - startedAt
  const cpu = runner.usage().cpu - before
  for (const { reading } of streams) reading.connection.reset()
  let sent = 0
  let received = 0
  for (const { script, reading } of streams) {
    sent += upstream.answer(script.id)?.sent ?? 0
    received += bytesOnly ? tokensIn(reading.bytes, script.shape) : reading.tokens
  }
  return { rate: (received / micros) * 1e6, busy: cpu / 1000 / micros, sent, received }
}

/** The number of tokens in these bytes of events; not a whole number where something is missing. */
function tokensIn(bytes: number, shape: Shape): number {
  const { head, token, closing } = makeTemplate(shape).events
  return (bytes - head - closing) / token
}
