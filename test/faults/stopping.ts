import { expect, it } from 'vitest'
import { postChat, readStream, type StreamRead } from '../support/read.ts'
import { type HostName, startServer } from '../support/server.ts'
import { pace } from '../support/talk.ts'
import { startUpstream } from '../support/upstream.ts'
import { expectReleased } from './observe.ts'

const STREAMS = 100
const FLAGS = ['--grace', '6s', '--heartbeat', '200ms']

/** SIGTERM with a hundred streams open: half of them end in time, the other half are told. */
export function stopping(host: HostName): void {
  it(`ends ${STREAMS} streams, each in one way`, async () => {
    const upstream = await startUpstream()
    try {
      await using server = await startServer(host, ['--upstream', upstream.url, ...FLAGS])
      const open = Array.from({ length: STREAMS }, async (_, at) => {
        const script = at % 2 === 0 ? pace(10, 60) : pace(5_000, 50)
        const model = `stream ${at}`
        const response = await postChat(server.base, { model, script })
        return { read: readStream(response), model, isShort: at % 2 === 0 }
      })
      const streams = await Promise.all(open)
      expect(await server.stop('SIGTERM', 20_000)).toBe(0)
      for (const { read, isShort } of streams) expectEnd(host, await read, isShort)
      const chats = upstream.requests.filter(({ method }) => method === 'POST')
      expect(chats).toHaveLength(STREAMS)
      await expectReleased(chats)
      const told = streams.filter(({ isShort }) => isShort || host !== 'workerd')
      for (const { model, isShort } of told) {
        const lines = server.log.filter((entry) => entry.model === model)
        expect(lines).toMatchObject([{ outcome: isShort ? 'finished' : 'failed' }])
      }
    } finally {
      await upstream.close()
    }
  })
}

function expectEnd(host: HostName, read: StreamRead, isShort: boolean): void {
  if (isShort) {
    expect(read).toMatchObject({ outcome: 'finished', problems: [] })
  } else if (host === 'workerd') {
    // A worker gets no signal: what outlasts the time of grace breaks off, and is no finish.
    expect(read.outcome).toBe('truncated')
    expect(read.raw).not.toContain('[DONE]')
  } else {
    expect(read).toMatchObject({ outcome: 'failed', problems: [] })
    expect(read.error?.code).toBe('shutting_down')
  }
}
