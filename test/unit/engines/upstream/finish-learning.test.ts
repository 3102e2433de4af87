/** What an upstream is learned to send, over queries, many models, and other settings. */
import { describe, expect, it } from 'vitest'
import { createDiscovery } from '../../../../src/engines/registry/discovery.ts'
import { FinishHistory, finishHistoryOf } from '../../../../src/engines/upstream/finish-history.ts'
import { Upstream } from '../../../../src/engines/upstream/upstream.ts'
import { ReloadableHandler } from '../../../../src/hosts/server/reloadable-handler.ts'
import { parseSettings } from '../../../../src/settings/settings.ts'
import type { NativeCall } from '../../../../src/wire/native.ts'

const url = 'http://127.0.0.1:9/v1'
const never = new AbortController().signal
const chunk = (choice: object) =>
  `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, ...choice }] })}\n\n`
const word = chunk({ delta: { role: 'assistant', content: 'a' }, finish_reason: null })
const ended = `${word}${chunk({ delta: {}, finish_reason: 'stop' })}data: [DONE]\n\n`
const open = `${word}data: [DONE]\n\n`

function stream(text: string): Response {
  return new Response(text, { headers: { 'content-type': 'text/event-stream' } })
}

it('is learned whatever query a client adds to the path', async () => {
  const missing: unknown[] = []
  const upstream = new Upstream({ url, label: 'gpu', fetch: async () => stream(open) })
  for (const query of ['?beta=true', '?beta=true&x=1', '']) {
    const call = {
      ...{ api: 'messages', path: `/messages${query}`, body: { model: 'm', stream: true } },
      contract: ({ finishReason }: { finishReason: { missing: unknown; sent(): void } }) => {
        missing.push(finishReason.missing)
        finishReason.sent()
        throw new Error('enough')
      },
    }
    await expect(upstream.forward(call as unknown as NativeCall, never)).rejects.toThrow('enough')
  }
  expect(missing).toEqual(['stop-after-content', 'failure', 'failure'])
})

describe('a table of senders that is full', () => {
  it('lets nobody pass, named or not, and leaves what is asked otherwise as it was', () => {
    const history = new FinishHistory()
    for (let at = 0; at < 2000; at++) history.ruleFor(`m${at}`, 'learn', 'streams').sent()
    for (const model of ['m0', 'm999', 'm1999', 'new']) {
      expect(history.ruleFor(model, 'learn', 'streams').missing).toBe('failure')
    }
    expect(history.ruleFor('new', 'learn', 'whole').missing).toBe('stop-after-content')
    expect(history.ruleFor('new', 'optional', 'streams').missing).toBe('stop')
  })
})

describe('other settings', () => {
  const settings = { upstream: [{ url, label: 'gpu' }], discover: false, insecure: true }

  async function askedOf(handler: ReloadableHandler): Promise<string> {
    const messages = [{ role: 'user', content: 'Hi' }]
    const body = JSON.stringify({ model: 'm', stream: true, messages })
    const headers = { 'content-type': 'application/json' }
    const address = 'http://sluice/v1/chat/completions'
    const answer = await handler.fetch(new Request(address, { method: 'POST', headers, body }))
    return answer.text()
  }

  it('do not make a server’s finish reasons forgotten', async () => {
    let said = open
    const handler = new ReloadableHandler(parseSettings(settings), {
      fetch: async (address) =>
        address.endsWith('/models') ? Response.json({ data: [{ id: 'm' }] }) : stream(said),
    })
    expect(await askedOf(handler)).toContain('[DONE]')
    said = ended
    expect(await askedOf(handler)).toContain('[DONE]')
    said = open
    expect(await askedOf(handler)).toContain('upstream_incomplete')
    handler.replace(parseSettings({ ...settings, queue: 7 }))
    expect(await askedOf(handler)).toContain('upstream_incomplete')
    handler.replace(parseSettings({ ...settings, finishReason: 'optional' }))
    expect(await askedOf(handler)).toContain('[DONE]')
    handler.replace(parseSettings(settings))
    expect(await askedOf(handler)).toContain('upstream_incomplete')
  })

  it('keep what was learned of a server that was found, until another takes its place', async () => {
    const finishes = new Map<string, FinishHistory>()
    let owner = 'vllm'
    const look = async (seen = new Map()) => {
      const fetch = async () => Response.json({ data: [{ id: 'm', owned_by: owner }] })
      const ports = { 8000: 'vLLM' }
      await createDiscovery({ fetch, lenient: [], known: [], ports, seen, finishes }).probeAll(
        never,
      )
      return seen
    }
    const seen = await look()
    finishHistoryOf(finishes, 'http://127.0.0.1:8000/v1').ruleFor('m').sent()
    await look(seen)
    const after = () => finishHistoryOf(finishes, 'http://127.0.0.1:8000/v1').ruleFor('m').missing
    expect(after()).toBe('failure')
    owner = 'llamacpp'
    await look()
    expect(after()).toBe('stop-after-content')
  })
})
