import { describe, expect, it } from 'vitest'
import { CERT, KEY } from '../support/certificate.ts'
import { deaf } from '../support/deaf.ts'
import { postChat, readStream } from '../support/read.ts'
import { expectError } from '../support/refusal.ts'
import { type Relay, sentFor, tag, useRelay } from '../support/relay.ts'
import { type HostName, startServer } from '../support/server.ts'
import { talk } from '../support/talk.ts'
import { CLIENT_FAULTS, type ClientFault } from './client-faults.ts'
import { type Baseline, baselineOf, expectClean, until } from './observe.ts'
import { speak } from './speak.ts'

/** A client that is slow, broken or hostile: it is refused or let go, and the others notice nothing. */
export function clients(host: HostName): void {
  const flags = ['--body-timeout', '2s', '--max-body', '2MB', '--heartbeat', '30s']
  const relay = useRelay(host, { flags: [...flags, '--client-timeout', '1s'] })
  let before: Baseline | undefined

  it('is served as ever', async () => {
    const script = { persona: 'vllm' }
    const warm = async () => (await postChat(relay.server.base, { script, model: 'warm' })).text()
    await Promise.all(Array.from({ length: 30 }, warm))
    before = baselineOf(relay.server, relay.upstream)
  })

  describe.concurrent('that', () => {
    it.each(CLIENT_FAULTS)('$name', (fault) => judge(relay, host, fault))
    it('waits for a quiet stream gets all of it', () => quiet(relay))
    it('waits for a quiet stream on a connection it has used gets all of it', () => kept(relay))
    it('reads nothing is let go', () => unread(relay))
    // workerd waits for ever: its sockets have no setting for that.
    it.skipIf(host === 'workerd')('says nothing where TLS is expected', () => speechless(host))
    it('sends ten thousand messages is refused', () => long(relay))
  })

  it('leaves nothing behind', { tags: ['judges-others'] }, async () => {
    if (before) await expectClean(relay.server, before, relay.upstream)
    expect(relay.server.stderr()).not.toMatch(/unhandled error|stack|TypeError/)
  })
}

async function judge(relay: Relay, host: HostName, fault: ClientFault): Promise<void> {
  const { server } = relay
  const seen = await speak(server.port, fault.words)
  // Bun ends what is idle after 12 s, workerd after 15: no setting makes that less.
  expect(seen.closedAfter, seen.text).toBeLessThan(22_000)
  const status = seen.statuses.join()
  expect(fault.statuses[host] ?? fault.statuses.all, seen.text).toContain(status)
  expect(seen.text).not.toContain('HTTP/1.1 500')
  if (fault.code) expect(seen.text).toContain(`"code":"${fault.code}"`)
  const ids = [...seen.text.matchAll(/x-request-id: (\S+)/gi)].map(([, id]) => id)
  for (const id of ids) {
    await until(() => server.log.some((entry) => entry.id === id), 3_000)
    expect(server.log.filter((entry) => entry.id === id)).toHaveLength(1)
  }
}

/** The limits for what is idle are not for an answer that is. */
async function quiet(relay: Relay): Promise<void> {
  const script = talk('before', { wait: 17_000 }, ' and after')
  const response = await postChat(relay.server.base, { model: 'quiet', script })
  const read = await readStream(response)
  expect(read).toMatchObject({ outcome: 'finished', problems: [], text: 'before and after' })
}

async function kept(relay: Relay): Promise<void> {
  const script = talk('before', { wait: 15_000 }, ' and after')
  const messages = [{ role: 'user', content: 'Go.' }]
  const body = JSON.stringify({ model: 'kept', stream: true, messages, script })
  const heard = await speak(relay.server.port, [
    'GET /health HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n',
    { wait: 500 },
    `POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n`,
    body,
  ])
  expect(heard.statuses).toEqual([200, 200])
  expect(heard.text).toContain(' and after')
  expect(heard.text).toContain('[DONE]')
}

async function speechless(host: HostName): Promise<void> {
  const flags = ['--tls-cert', CERT, '--tls-key', KEY, '--body-timeout', '2s']
  await using server = await startServer(host, flags)
  const half = Buffer.from('1603010200010001fc0303', 'hex')
  const heard = await Promise.all([speak(server.port, []), speak(server.port, [half])])
  for (const { closedAfter } of heard) expect(closedAfter).toBeLessThan(22_000)
}

async function unread(relay: Relay): Promise<void> {
  const { client, body } = await deaf(relay)
  const [asked] = sentFor(relay, body)
  await asked?.closedWithin(8_000)
  await relay.server.nextLog((entry) => entry.outcome === 'cancelled' && entry.model === 'm')
  client.hangUp()
}

async function long(relay: Relay): Promise<void> {
  const messages = Array.from({ length: 10_000 }, (_, at) => ({ role: 'user', content: `${at}` }))
  const body = tag({ model: 'long', messages, script: talk('read') })
  const { param, message: told } = await expectError(await postChat(relay.server.base, body), 400)
  expect({ param, told }).toMatchObject({
    param: 'messages',
    told: expect.stringContaining('--max-messages'),
  })
  expect(sentFor(relay, body)).toEqual([])
}
