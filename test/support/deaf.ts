import { setTimeout as sleep } from 'node:timers/promises'
import { type Client, openClient } from './client.ts'
import { type Relay, tag } from './relay.ts'
import { END, token } from './talk.ts'

/** A client that has stopped reading a response of so many bytes, which has a complete end. */
export async function deaf(relay: Relay, bytes?: number) {
  const flood = { text: token('x'.repeat(1_000)), ...(bytes && { bytes }) }
  const script = { steps: [{ flood }, { send: END }] }
  const messages = [{ role: 'user', content: 'Go.' }]
  const body = tag({ model: 'm', stream: true, messages, script })
  const client = await openClient(relay.server, body)
  await client.waitFor('"xxx')
  client.pause()
  return { client, body }
}

/** The whole text of a raw response, once it holds `[DONE]`. */
export async function untilDone(client: Client): Promise<string> {
  const deadline = performance.now() + 20_000
  for (let length = -1; length < client.received() || !client.text().includes('[DONE]'); ) {
    if (performance.now() > deadline) throw new Error(`${client.received()} bytes, no [DONE].`)
    length = client.received()
    await sleep(200)
  }
  return client.text()
}
