import { describe, expect, it } from 'vitest'
import { needs } from '../support/hosts.ts'
import { postChat, rawRequest, readStream } from '../support/read.ts'
import { expectError } from '../support/refusal.ts'
import { type HostName, useServer } from '../support/server.ts'

const message = { role: 'user', content: 'Hi' }
const tool = (at: number) => ({ type: 'function', function: { name: `tool_${at}` } })

/** How much a request may hold, beside the bytes of its body. */
export function limits(host: HostName): void {
  describe('by default', () => {
    const server = useServer(host, ['--static-delay', '0'])

    it('take long conversations and many tools, and name the flag that takes more', async () => {
      const most = {
        model: 'static',
        messages: Array.from({ length: 5_000 }, () => message),
        tools: Array.from({ length: 512 }, (_, at) => tool(at)),
      }
      expect((await readStream(await postChat(server.base, most))).outcome).toBe('finished')
      const longer = { ...most, messages: [...most.messages, message] }
      const { param, message: told } = await expectError(await postChat(server.base, longer), 400)
      expect(param).toBe('messages')
      expect(told).toBe('messages: expected at most 5000, got 5001; --max-messages allows more.')
      const more = { ...most, tools: [...most.tools, tool(512)] }
      const refused = await expectError(await postChat(server.base, more), 400)
      expect(refused.message).toBe('tools: expected at most 512, got 513; --max-tools allows more.')
    })

    it('refuse headers longer than any client needs', needs(host, 'sockets'), async () => {
      const response = await rawRequest({
        port: server.port,
        path: '/v1/models',
        headers: { 'x-long': 'x'.repeat(40_000), connection: 'close' },
      })
      await response.waitFor(/^HTTP\/1\.1 \d+/)
      expect(response.status()).toBe(431)
      response.hangUp()
      expect((await fetch(`${server.base}/models`)).status).toBe(200)
    })
  })

  describe('that are set', () => {
    const server = useServer(host, [
      '--max-messages',
      '2',
      '--max-tools',
      '1',
      '--static-delay',
      '0',
    ])

    it('are kept', async () => {
      const ask = (messages: number, tools: number) =>
        postChat(server.base, {
          model: 'static',
          messages: Array.from({ length: messages }, () => message),
          tools: Array.from({ length: tools }, (_, at) => tool(at)),
        })
      expect((await readStream(await ask(2, 1))).outcome).toBe('finished')
      await expectError(await ask(3, 1), 400)
      await expectError(await ask(2, 2), 400)
    })
  })
}
