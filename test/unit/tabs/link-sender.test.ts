import { describe, expect, it } from 'vitest'
import { LinkRequests } from '../../../src/tabs/link-requests.ts'
import { LinkSender } from '../../../src/tabs/link-sender.ts'
import type { Batch, Joined } from '../../../src/tabs/protocol.ts'

/** What a sender says, and to whom; `answer` answers each of its batches. */
function create(answer: (tab: string) => Promise<Response> | Response = taken) {
  const said: [string, number][] = []
  const requests = new LinkRequests({
    ...{ url: 'http://127.0.0.1:8787', key: '' },
    fetch: (async (input: string, init: RequestInit) => {
      const tab = String(input).split('/').at(-1) ?? ''
      const { messages }: Batch = JSON.parse(String(init.body))
      said.push([tab, messages.length])
      return answer(tab)
    }) as typeof fetch,
  })
  const sender = new LinkSender({
    ...{ requests, signal: new AbortController().signal, ack: () => 0 },
    ...{ onTaken: () => {}, onUnusable: () => {} },
  })
  return { sender, said }
}

const joined = (tab: string, gather = 0): Joined => ({
  ...{ kind: 'joined', tab, name: 'phone', seq: 0, gather },
})

const taken = () => Response.json({ seq: 0 })

describe('what a tab says', () => {
  it('goes to the tab that it is when the messages have been gathered', async () => {
    const { sender, said } = create()
    sender.connect(joined('former', 20))
    sender.forget()
    sender.connect(joined('present', 20))
    await expect.poll(() => said).toEqual([['present', 0]])
  })

  it('is said at once although an answer to the tab that it was comes late', async () => {
    const late = Promise.withResolvers<Response>()
    const { sender, said } = create((tab) => (tab === 'former' ? late.promise : taken()))
    sender.connect(joined('former'))
    sender.forget()
    late.resolve(taken())
    sender.connect(joined('present'))
    await expect
      .poll(() => said)
      .toEqual([
        ['former', 0],
        ['present', 0],
      ])
  })
})
