import { describe, expect, it } from 'vitest'
import { needs } from '../support/hosts.ts'
import { type OtlpAnswer, startOtlpReceiver } from '../support/otlp-receiver.ts'
import { postChat, readStream } from '../support/read.ts'
import { type HostName, type Server, startServer } from '../support/server.ts'
import { newTrace, traceparent } from '../support/spans.ts'
import { closedPort } from '../support/upstream.ts'

/** Endpoints that are slow, broken or gone: no stream may notice. */
const FAULTS: [name: string, answer: OtlpAnswer][] = [
  ['never answers', { never: true }],
  ['answers slowly', { delay: 400 }],
  ['fails', { status: 500 }],
  ['asks for patience', { status: 429, headers: { 'retry-after': '1' } }],
  ['is busy', { status: 503 }],
  ['refuses the key', { status: 401 }],
  ['redirects', { status: 307, headers: { location: 'http://127.0.0.1:1/' } }],
  ['answers nonsense', { body: 'no JSON and no protobuf' }],
]

const REQUESTS = 40

export function traceFaults(host: HostName): void {
  const env = (url: string) => ({
    OTEL_EXPORTER_OTLP_ENDPOINT: url,
    OTEL_EXPORTER_OTLP_TIMEOUT: '500',
    OTEL_BSP_SCHEDULE_DELAY: '20',
    OTEL_BSP_MAX_QUEUE_SIZE: '16',
    OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '8',
  })
  const start = (url: string) => startServer(host, ['--static-delay', '1ms'], env(url))

  it.each(FAULTS)('an endpoint that %s disturbs no stream', async (_, answer) => {
    await using receiver = await startOtlpReceiver()
    receiver.answer = () => answer
    await using server = await start(receiver.url)
    await streams(server)
    await receiver.until(() => receiver.requests.length > 0)
    requireFewLines(server)
  })

  it('nor does one that is not there', async () => {
    await using server = await start(`http://127.0.0.1:${await closedPort()}`)
    await streams(server)
    requireFewLines(server)
  })

  it(
    'spans are sent again where the endpoint says that it may take them later',
    needs(host, 'waking'),
    async () => {
      await using receiver = await startOtlpReceiver()
      const answers: OtlpAnswer[] = [{ status: 503, headers: { 'retry-after': '1' } }]
      receiver.answer = () => answers.shift() ?? {}
      await using server = await start(receiver.url)
      const traceId = newTrace()
      await chat(server, traceId)
      await receiver.trace(traceId, 2)
      expect(receiver.requests.map(({ spans }) => spans)).toEqual([2, 2])
    },
  )

  describe('at the end of the server', needs(host, 'waking'), () => {
    it('the last spans are sent', async () => {
      await using receiver = await startOtlpReceiver()
      await using server = await startServer(host, ['--static-delay', '1ms'], {
        ...env(receiver.url),
        OTEL_BSP_SCHEDULE_DELAY: '60000',
      })
      const traceId = newTrace()
      await chat(server, traceId)
      expect(receiver.requests).toEqual([])
      await server.stop()
      await receiver.trace(traceId, 2, 100)
    })

    it.each(FAULTS.slice(0, 2))(
      'an endpoint that %s holds it up for a few seconds at most',
      async (_, answer) => {
        await using receiver = await startOtlpReceiver()
        receiver.answer = () => answer
        await using server = await start(receiver.url)
        await streams(server)
        const begin = performance.now()
        await server.stop()
        expect(performance.now() - begin).toBeLessThan(15_000)
      },
    )
  })
}

async function chat(server: Server, traceId: string): Promise<void> {
  const headers = { traceparent: traceparent(traceId) }
  const response = await postChat(server.base, { model: 'static' }, { headers })
  expect(await readStream(response)).toMatchObject({ outcome: 'finished', problems: [] })
}

/** Streams at the same time, each of which has to end well, and soon. */
async function streams(server: Server): Promise<void> {
  const begin = performance.now()
  await Promise.all(Array.from({ length: REQUESTS }, () => chat(server, newTrace())))
  expect(performance.now() - begin).toBeLessThan(15_000)
}

/** At most a line that it fails, that it works again, and that the queue is full. */
function requireFewLines(server: Server): void {
  const told = server.stderr().match(/sluice: traces: /g) ?? []
  expect(told.length, server.stderr()).toBeLessThanOrEqual(3)
  expect(server.stderr()).not.toMatch(/unhandled|TypeError|\n {4}at /)
}
