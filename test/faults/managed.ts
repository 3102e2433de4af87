import { createServer, type Server as TcpServer } from 'node:net'
import { expect, it } from 'vitest'
import { isAlive, PORT, startManaged, until, untilGone } from '../support/managed/run.ts'
import { postChat } from '../support/read.ts'
import { errorOf } from '../support/relay.ts'
import type { HostName } from '../support/server.ts'

const M = { models: ['m'] }
const STUBBORN = ['--ignore-term', '--grandchild']

/** What goes wrong with servers that sluice starts: real processes, killed, hung, slow and leaking. */
export function managedFaults(host: HostName): void {
  it('killed in the middle of a stream: it fails once, and the next request starts it again', async () => {
    const flags = ['--pace', 20, '--words', 100, '--die-after', 5]
    await using it = await startManaged(host, [{ ...M, flags }])
    expect(await it.chat('m')).toMatchObject({ outcome: 'failed', problems: [] })
    await it.until('failed')
    expect((await it.status()).lastExit).toBe('was ended by SIGKILL')
    expect(it.server.stderr()).toContain('sluice: m was ended by SIGKILL; its last output:\n')
    expect(await it.chat('m', { max_tokens: 2 })).toMatchObject({ outcome: 'finished' })
    expect(it.pids()).toHaveLength(2)
  })

  it('hung: requests are told when its time is up, and nothing of it is left', async () => {
    const flags = ['--hang', ...STUBBORN]
    const upstream = [{ ...M, flags, startTimeout: '3s', stopTimeout: '200ms' }]
    await using it = await startManaged(host, upstream)
    const response = await postChat(it.server.base, { model: 'm', stream: false })
    expect(response.status).toBe(503)
    expect(response.headers.get('retry-after')).toBe('5')
    expect(await errorOf(response)).toMatchObject({
      code: 'engine_start_failed',
      message: expect.stringMatching(
        /it was not ready within 3 s \(startTimeout\).*raise startTimeout/,
      ),
    })
    expect(it.pids()).toHaveLength(2)
    await untilGone(it.pids)
  })

  it('slow to load: the stream stays alive, and is answered in the end', async () => {
    await using it = await startManaged(host, [{ ...M, flags: ['--load', 3_000] }])
    const read = await it.chat('m')
    expect(read).toMatchObject({ outcome: 'finished', problems: [] })
    expect(read.raw.match(/^: loading m/gm)?.length).toBeGreaterThan(5)
  })

  it('with children that ignore signals and hold its output: they end with it', async () => {
    const upstream = [{ ...M, flags: STUBBORN, idle: '200ms', stopTimeout: '300ms' }]
    await using it = await startManaged(host, upstream)
    await it.chat('m')
    expect(it.pids()).toHaveLength(2)
    await untilGone(it.pids)
    await it.until('stopped')
  })

  it('killed, while its children live on: they end as well', async () => {
    await using it = await startManaged(host, [{ ...M, flags: ['--grandchild'] }])
    await it.chat('m')
    const [pid = 0] = it.pids()
    process.kill(pid, 'SIGKILL')
    await untilGone(it.pids)
  })

  it('whose fixed port is taken: the error says so, and nothing is asked of the other program', async () => {
    const { server: other, port, connections } = await occupyPort()
    try {
      await using it = await startManaged(host, [{ ...M, flags: [], port }])
      const response = await postChat(it.server.base, { model: 'm', stream: false })
      expect(response.status).toBe(503)
      expect((await errorOf(response)).message).toContain(`port ${port} in use by another program`)
      expect(it.pids()).toHaveLength(0)
      expect(connections()).toBe(0)
    } finally {
      other.close()
    }
  })

  it('that ends at once: its exit code for clients, its output for people', async () => {
    await using it = await startManaged(host, [{ ...M, flags: ['--exit', 3] }])
    const response = await postChat(it.server.base, { model: 'm', stream: false })
    expect(response.status).toBe(503)
    const { message } = await errorOf(response)
    expect(message).toContain('m could not be started: it exited with code 3')
    expect(message).not.toContain('cannot be loaded')
    expect(it.server.stderr()).toContain('sluice: m exited with code 3; its last output:\n')
    expect(it.server.stderr()).toContain('  error: the model cannot be loaded\\u001b[2J\n')
    expect((await it.status()).output.join()).toContain('error: the model cannot be loaded')
  })

  it('whose program does not exist: the error says so, without its command', async () => {
    const run = ['/nowhere/server', '--port', PORT, '--api-key', 'sk-secret']
    await using it = await startManaged(host, [{ ...M, run }])
    const response = await postChat(it.server.base, { model: 'm', stream: false })
    const { message } = await errorOf(response)
    expect(message).toContain('it could not be run (there is no such program or folder)')
    expect(it.server.stderr() + message).not.toContain('sk-secret')
  })

  it.each(['SIGTERM', 'SIGINT'] as const)(
    '%s for sluice: no process of it is left',
    async (name) => {
      const flags = [...STUBBORN, '--pace', 50, '--words', 1_000]
      await using it = await startManaged(host, [{ ...M, flags, stopTimeout: '300ms' }])
      const streaming = it.chat('m')
      await it.until('ready')
      expect(await it.server.stop(name)).toBe(0)
      expect(await streaming).toMatchObject({ outcome: 'failed', problems: [] })
      expect(it.pids()).toHaveLength(2)
      await untilGone(it.pids, 100)
    },
  )

  it('kill -9 for sluice: no process of it is left', async () => {
    await using it = await startManaged(host, [{ ...M, flags: STUBBORN, stopTimeout: '1s' }])
    await it.chat('m')
    expect(it.pids().filter(isAlive)).toHaveLength(2)
    process.kill(it.server.pid, 'SIGKILL')
    await untilGone(it.pids)
  })

  it('kept by a reload that leaves it as it was; replaced by one that changes it, after its last request', async () => {
    const flags = ['--pace', 50, '--words', 60]
    await using it = await startManaged(host, [{ ...M, flags }])
    const streaming = it.chat('m')
    await it.until('ready')
    const [first = 0] = it.pids()
    await it.reload({ upstream: [{ ...M, flags, idle: '5m' }] })
    expect(await it.chat('m', { max_tokens: 1 })).toMatchObject({ outcome: 'finished' })
    expect(it.pids()).toEqual([first])
    await it.reload({ upstream: [{ ...M, flags: [] }] })
    expect(await it.chat('m')).toMatchObject({ outcome: 'finished' })
    expect(it.pids()).toHaveLength(2)
    expect(await streaming).toMatchObject({ outcome: 'finished', problems: [] })
    await until(async () => !isAlive(first), 'the end of the former one')
    await it.reload({ upstream: [] })
    await untilGone(it.pids)
  })
}

/** A program that listens on a port, and answers nothing. */
async function occupyPort(): Promise<{ server: TcpServer; port: number; connections(): number }> {
  let count = 0
  const server = createServer(() => void count++)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('It has no port.')
  return { server, port: address.port, connections: () => count }
}
