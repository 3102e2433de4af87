import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { parseSettings, type SettingsInput } from '../../../../src/settings/settings.ts'
import { Tracing } from '../../../../src/telemetry/traces/tracing.ts'
import { observed } from '../../../support/observed.ts'
import {
  type OtlpAnswer,
  type OtlpReceiver,
  startOtlpReceiver,
} from '../../../support/otlp-receiver.ts'

let receiver: OtlpReceiver
let lines: string[]

beforeEach(async () => {
  receiver = await startOtlpReceiver()
  lines = []
  vi.spyOn(console, 'error').mockImplementation((line: string) => void lines.push(line))
})
afterEach(async () => {
  vi.restoreAllMocks()
  await receiver.close()
})

/** Traces of refused requests, which have one span each, and how many were sent and lost. */
function tracingOf(settings: SettingsInput = {}, isolates = false) {
  const counts = { exported: 0, dropped: 0 }
  const tracing = new Tracing((became, count) => {
    counts[became] += count
  })
  const given = { otlpEndpoint: receiver.url, tracesDelay: 20, otlpTimeout: 300, ...settings }
  tracing.configure(parseSettings(given), { isolates, tracer: undefined })
  const waited: Promise<unknown>[] = []
  const refuse = (count = 1) => {
    for (let index = 0; index < count; index++) {
      const request = observed({
        ...{ id: crypto.randomUUID(), status: 404, outcome: 'refused' },
        waitUntil: (promise) => void waited.push(promise),
      })
      tracing.onArrival(request, new Headers())
      tracing.onEnd(request)
    }
  }
  return { tracing, counts, refuse, waited }
}

const until = (holds: () => boolean) => vi.waitFor(() => expect(holds()).toBe(true), 3_000)

describe('the queue of spans', () => {
  it('is sent in batches, at once where one is full, and else after the delay', async () => {
    const { counts, refuse } = tracingOf({ tracesBatch: 10, tracesDelay: '500ms' })
    refuse(25)
    await until(() => counts.exported === 20)
    expect(receiver.requests.map(({ spans }) => spans)).toEqual([10, 10])
    await until(() => counts.exported === 25)
    expect(receiver.requests.map(({ spans }) => spans)).toEqual([10, 10, 5])
    expect(counts.dropped).toBe(0)
  })

  it('holds no more than its limit, and the rest is counted and told of once', async () => {
    receiver.answer = () => ({ delay: 100 })
    const { counts, refuse } = tracingOf({ tracesQueue: 20, tracesBatch: 5 })
    refuse(100)
    await until(() => counts.exported + counts.dropped === 100)
    // A batch was being sent, and twenty waited.
    expect(counts.exported).toBe(25)
    expect(lines).toEqual([
      expect.stringMatching(/^sluice: traces: as many spans wait .* tracesQueue/),
    ])
  })

  it.each<[OtlpAnswer, string]>([
    [{ status: 400 }, 'answered 400'],
    [{ status: 401 }, 'answered 401'],
    [{ status: 302, headers: { location: 'http://127.0.0.1:1/' } }, 'answered 302'],
    [{ status: 429, headers: { 'retry-after': '3600' } }, 'answered 429'],
  ])('loses what an endpoint refuses for good: %j', async (answer, why) => {
    receiver.answer = () => answer
    const { counts, refuse } = tracingOf()
    refuse(3)
    await until(() => counts.dropped === 3)
    expect(receiver.requests).toHaveLength(1)
    refuse(2)
    await until(() => counts.dropped === 5)
    expect(lines).toEqual([expect.stringContaining(`the OTLP endpoint ${why}, and`)])
    expect(lines[0]).not.toContain('127.0.0.1')
    receiver.answer = () => ({})
    refuse(1)
    await until(() => counts.exported === 1)
    expect(lines).toHaveLength(2)
    expect(lines[1]).toContain('takes spans again')
  })

  it.each(['http/json', 'http/protobuf'] as const)(
    'counts what is rejected of a batch: %s',
    async (otlpFormat) => {
      const json = '{"partialSuccess":{"rejectedSpans":"2","errorMessage":"no"}}'
      const body = otlpFormat === 'http/json' ? json : new Uint8Array([0x0a, 0x02, 0x08, 0x02])
      receiver.answer = () => ({ body })
      const { counts, refuse } = tracingOf({ otlpFormat })
      refuse(5)
      await until(() => counts.exported + counts.dropped === 5)
      expect(counts).toEqual({ exported: 3, dropped: 2 })
    },
  )

  it('is emptied at the end of a server, or given up in time', async () => {
    const { tracing, counts, refuse } = tracingOf({ tracesDelay: '1m', tracesBatch: 2 })
    refuse(5)
    await tracing.flush()
    expect(counts).toEqual({ exported: 5, dropped: 0 })
    receiver.answer = () => ({ never: true })
    refuse(5)
    const begin = performance.now()
    await tracing.flush()
    expect(performance.now() - begin).toBeLessThan(2_000)
    await until(() => counts.dropped === 5)
    await tracing.flush()
  })

  it('is not waited for at the end where an endpoint is to be tried again', async () => {
    receiver.answer = () => ({ status: 503, headers: { 'retry-after': '20' } })
    const { tracing, counts, refuse } = tracingOf({ otlpTimeout: '10s' })
    refuse(5)
    await receiver.until(() => receiver.requests.length === 1)
    const begin = performance.now()
    await tracing.flush()
    expect(performance.now() - begin).toBeLessThan(1_500)
    expect(counts.dropped).toBe(5)
  })
})

describe('where each request does its own work', () => {
  it('sends its spans within waitUntil', async () => {
    const { counts, refuse, waited } = tracingOf({}, true)
    refuse(1)
    expect(waited).toHaveLength(1)
    await Promise.all(waited)
    expect(counts).toEqual({ exported: 1, dropped: 0 })
  })

  it('sends so many at once, and leaves the rest to later requests', async () => {
    receiver.answer = () => ({ never: true })
    const { counts, refuse, waited } = tracingOf({ tracesQueue: 10 }, true)
    refuse(30)
    await receiver.until(() => receiver.requests.length === 8)
    await Promise.all(waited)
    expect(receiver.requests).toHaveLength(8)
    // Eight were sent, ten wait, and the others found no place.
    expect(counts).toEqual({ exported: 0, dropped: 8 + 12 })
    receiver.answer = () => ({})
    refuse(1)
    await Promise.all(waited)
    await until(() => counts.exported === 10)
    expect(counts.dropped).toBe(21)
  })
})

it('settings that are read again are in force for the next batch', async () => {
  const { tracing, counts, refuse } = tracingOf({ tracesDelay: '1m' })
  refuse(1)
  await using other = await startOtlpReceiver()
  const next = parseSettings({ otlpEndpoint: other.url, tracesDelay: '1m' })
  tracing.configure(next, { isolates: false, tracer: undefined })
  refuse(1)
  await tracing.flush()
  expect(counts.exported).toBe(2)
  expect(other.spans).toHaveLength(2)
})

it('sends what ends after own spans were switched off, and waits for no other request', async () => {
  const { tracing, counts } = tracingOf()
  const request = observed({ id: crypto.randomUUID(), status: 404, outcome: 'refused' })
  tracing.onArrival(request, new Headers())
  tracing.configure(parseSettings({ traces: false }), { isolates: false, tracer: undefined })
  tracing.onEnd(request)
  await until(() => counts.exported === 1)
  expect(receiver.requests).toHaveLength(1)
})
