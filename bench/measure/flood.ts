import { request } from '../client.ts'
import { now } from '../clock.ts'
import type { Bench, Runner } from '../field.ts'
import { makeScript } from '../script.ts'
import { BLOCK, makeTemplate, type Shape } from '../shapes.ts'

/** As many as there are shapes. */
const STREAMS = 4

/**
 * Tokens a second that pass when the upstream sends as fast as it may, four streams at once, one of
 * each shape; and the part of its core that the candidate was busy meanwhile: near 1 it was the
 * bound, much below it was the load.
 */
export async function measureFlood(bench: Bench, runner: Runner): Promise<Record<string, number>> {
  const first = await flood(bench, runner, 20 * BLOCK)
  const second = await flood(bench, runner, wanted(first.rate, 0.3 * bench.scale))
  const { rate, busy, sent, received } = await flood(
    bench,
    runner,
    wanted(second.rate, 1.5 * bench.scale),
  )
  return {
    'flood.rate': rate,
    'flood.busy': busy,
    'flood.sent': sent,
    'flood.received': received,
  }
}

/** Tokens a stream that make the flood last `seconds`, at so many a second in all. */
function wanted(rate: number, seconds: number): number {
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
  for (const { reading } of streams) reading.connection.drop()
  let sent = 0
  let received = 0
  for (const { script, reading } of streams) {
    sent += upstream.answer(script.id)?.sent ?? 0
    received += bytesOnly ? tokensIn(reading.bytes, script.shape) : reading.tokens
  }
  return { rate: (received / micros) * 1e6, busy: cpu / 1000 / micros, sent, received }
}

/** How many tokens so many bytes of events are, if nothing is missing; else it is no whole number. */
function tokensIn(bytes: number, shape: Shape): number {
  const { head, token, closing } = makeTemplate(shape).events
  return (bytes - head - closing) / token
}
