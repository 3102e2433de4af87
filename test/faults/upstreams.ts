import { beforeAll, describe, expect, it } from 'vitest'
import { postChat, readStream } from '../support/read.ts'
import { errorOf, type Relay, sentFor, tag, useRelay } from '../support/relay.ts'
import { type HostName, startServer } from '../support/server.ts'
import { closedPort, startUpstream } from '../support/upstream.ts'
import {
  type Baseline,
  baselineOf,
  expectClean,
  expectOneLine,
  expectReleased,
  until,
} from './observe.ts'
import { DEADLINES, UPSTREAM_FAULTS, type UpstreamFault } from './upstream-faults.ts'

/** An upstream that fails, in every way there is: the client is told once, and nothing is left. */
export function upstreams(host: HostName): void {
  const relay = useRelay(host, { flags: [...DEADLINES, '--finish-reason', 'required'] })
  let before: Baseline
  beforeAll(async () => {
    // What is made once, at the first requests, is no leak.
    const script = { persona: 'vllm' }
    const warm = async () => (await postChat(relay.server.base, { script, model: 'warm' })).text()
    await Promise.all(Array.from({ length: 30 }, warm))
    before = baselineOf(relay.server, relay.upstream)
  })

  describe.concurrent('an upstream that', () => {
    it.each(UPSTREAM_FAULTS)('$name', (fault) => judge(relay, host, fault))
    it('refuses connections', () => refused(host))
    it('accepts connections, and nothing else', () => silent(host))
  })

  it('leaves nothing behind', { tags: ['judges-others'] }, async () => {
    await expectClean(relay.server, before, relay.upstream)
    expect(relay.server.stderr()).not.toMatch(/unhandled error|stack|TypeError/)
  })
}

async function judge(relay: Relay, host: HostName, fault: UpstreamFault): Promise<void> {
  const { script, stream = true, status, text } = fault
  const code = (host === 'workerd' ? fault.codeOnWorkerd : undefined) ?? fault.code
  const model = `fault ${fault.name}`
  const body = tag({ model, stream, script })
  const response = await postChat(relay.server.base, body)
  expect(response.status).toBe(status)
  if (status !== 200) {
    expect((await errorOf(response)).code ?? undefined).toBe(code)
  } else {
    const read = await readStream(response)
    const outcome = code === undefined ? 'finished' : 'failed'
    expect(read).toMatchObject({ outcome, problems: [], text, broke: undefined })
    expect(read.error?.code ?? undefined).toBe(code)
  }
  const sent = sentFor(relay, body)
  // It is tried once more, and a connection that was kept and breaks at once is no try.
  expect(sent.length).toBeOneOf([1, 2, 3, 4])
  await expectReleased(sent)
  await expectOneLine(relay.server, model, { status, outcome: fault.log, ...(code && { code }) })
}

async function refused(host: HostName): Promise<void> {
  const flags = ['--upstream', `http://127.0.0.1:${await closedPort()}/v1`]
  await using server = await startServer(host, flags)
  for (const stream of [true, false]) {
    const response = await postChat(server.base, { model: `${stream}`, stream })
    expect(response.status).toBe(502)
    expect((await errorOf(response)).code).toBe('upstream_unreachable')
    const entry = { status: 502, outcome: 'failed', code: 'upstream_unreachable' } as const
    await expectOneLine(server, `${stream}`, entry)
  }
}

async function silent(host: HostName): Promise<void> {
  const upstream = await startUpstream({ silent: true })
  try {
    await using server = await startServer(host, ['--upstream', upstream.url, ...DEADLINES])
    const response = await postChat(server.base, { model: 'm' })
    expect(response.status).toBe(504)
    expect((await errorOf(response)).code).toBe('answer_timeout')
    // Nobody knows yet whose model that is: the line has none.
    await until(() => server.log.length > 0, 5_000)
    expect(server.log).toMatchObject([{ status: 504, outcome: 'failed', code: 'answer_timeout' }])
    await until(() => upstream.connections() === 0, 5_000)
    expect(upstream.connections()).toBe(0)
  } finally {
    await upstream.close()
  }
}
