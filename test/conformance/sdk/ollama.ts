import { createHash } from 'node:crypto'
import { Ollama } from 'ollama'
import { describe, expect, it } from 'vitest'
import { broken, endless } from '../../support/messages.ts'
import { model, png, words } from '../../support/ollama.ts'
import { nextFor, type Relay, sentFor, tag, useRelay } from '../../support/relay.ts'
import type { Scripted } from '../../support/script.ts'
import { type HostName, useServer } from '../../support/server.ts'
import type { RecordedRequest } from '../../support/upstream.ts'
import { otherClients } from './ollama-others.ts'

const messages = [{ role: 'user', content: 'Go.' }]
const tool = {
  type: 'function',
  function: {
    name: 'weather',
    description: 'The weather in a city.',
    parameters: { type: 'object', properties: { city: { type: 'string' } } },
  },
}

/** Options that the client does not know: it sends them as they are. */
function scripted(script: Scripted, more: object = {}): object {
  return { script, ...more }
}

/** The `ollama` package from npm, as it is. */
export function ollamaClient(host: HostName): void {
  const relay = useRelay(host, {
    upstream: { persona: 'vllm' },
    flags: ['--static-delay', '0', '--heartbeat', '100', '--header-wait', '50'],
  })
  const client = () => new Ollama({ host: relay.server.url })
  describe('chats', () => chats(client, relay))
  describe('prompts', () => prompts(client))
  describe('failures', () => failures(host, client))
  describe('other clients', () => otherClients(relay))
}

function chats(client: () => Ollama, relay: Relay): void {
  it('reads a stream to its end', async () => {
    const options = scripted({ persona: 'vllm', reasoning: ['Hm.'] })
    const stream = await client().chat({ model, messages, stream: true, think: true, options })
    let text = ''
    let thinking = ''
    let last: { done: boolean; eval_count: number } | undefined
    for await (const part of stream) {
      text += part.message.content
      thinking += part.message.thinking ?? ''
      last = part
    }
    expect({ text, thinking, last }).toMatchObject({
      text: words,
      thinking: 'Hm.',
      last: { done: true, done_reason: 'stop', prompt_eval_count: 9, eval_count: 10 },
    })
  })

  it('reads a whole answer', async () => {
    const answer = await client().chat({ model, messages })
    expect(answer).toMatchObject({ done: true, model, message: { content: words } })
    expect(answer.total_duration).toBeGreaterThan(0)
  })

  it('is not troubled by heartbeats', async () => {
    const { warn } = console
    const warned: unknown[] = []
    console.warn = (...told) => warned.push(told)
    const options = scripted({ persona: 'vllm', words: ['A', 'B'], delay: 400 })
    let text = ''
    let parts = 0
    for await (const part of await client().chat({ model, messages, stream: true, options })) {
      text += part.message.content
      parts++
    }
    console.warn = warn
    expect({ text, warned }).toEqual({ text: 'A B', warned: [] })
    expect(parts).toBeGreaterThan(4)
  })

  it.each([true, false])('calls tools, two turns: stream %j', async (stream) => {
    const toolCalls = ['Paris', 'Rome'].map((city) => {
      return { name: 'weather', arguments: ['{"city":', `"${city}"}`] }
    })
    const options = scripted({ persona: 'vllm', words: [], toolCalls }) as object
    const request = { model, messages, tools: [tool], options }
    const calls: { function: { name: string; arguments: object } }[] = []
    if (stream) {
      for await (const part of await client().chat({ ...request, stream: true })) {
        calls.push(...(part.message.tool_calls ?? []))
      }
    } else calls.push(...((await client().chat(request)).message.tool_calls ?? []))
    expect(calls.map((call) => call.function)).toMatchObject([
      { name: 'weather', arguments: { city: 'Paris' } },
      { name: 'weather', arguments: { city: 'Rome' } },
    ])
    const tagged = tag({})
    const results = ['Sun.', 'Rain.'].map((content) => {
      return { role: 'tool', content, tool_name: 'weather' }
    })
    const turn = { role: 'assistant', content: '', tool_calls: calls as never }
    const told = [...messages, turn, ...results]
    const answer = await client().chat({ model, messages: told, options: tagged as object })
    expect(answer.message.content).toBe(words)
    const sent = messagesOf(sentFor(relay, tagged)[0])
    const [, called, ...answered] = sent
    expect(answered.map(({ tool_call_id: id }) => id)).toEqual(
      called?.tool_calls.map(({ id }) => id),
    )
  })

  it('shows images', async () => {
    const tagged = tag({})
    const images = [new Uint8Array(Buffer.from(png, 'base64'))]
    const shown = [{ role: 'user', content: 'See.', images }]
    await client().chat({ model, messages: shown, options: tagged as object })
    const url = `data:image/png;base64,${png}`
    expect(sentFor(relay, tagged)[0]?.body).toMatchObject({
      messages: [
        {
          content: [
            { type: 'text', text: 'See.' },
            { type: 'image_url', image_url: { url } },
          ],
        },
      ],
    })
  })

  it('stops the engine when it aborts', async () => {
    const tagged = tag(scripted(endless))
    const own = client()
    const stream = await own.chat({ model, messages, stream: true, options: tagged as object })
    const request = await nextFor(relay, tagged)
    const reading = (async () => {
      let count = 0
      for await (const _ of stream) if (++count === 3) own.abort()
    })()
    await expect(reading).rejects.toThrow(/abort/i)
    await request.closedWithin(2_000)
  })
}

interface SentMessage {
  tool_calls: { id: string }[]
  tool_call_id: string
}

function messagesOf(request: RecordedRequest | undefined): SentMessage[] {
  return (request?.body as { messages: SentMessage[] } | undefined)?.messages ?? []
}

function prompts(client: () => Ollama): void {
  it('reads an answer to a prompt, streamed and not', async () => {
    const asked = { model, prompt: 'Go.', system: 'Be brief.' }
    expect(await client().generate(asked)).toMatchObject({ response: words, done: true })
    let text = ''
    for await (const part of await client().generate({ ...asked, stream: true })) {
      text += part.response
    }
    expect(text).toBe(words)
  })

  it('completes a raw prompt, and one with a suffix', async () => {
    const raw = await client().generate({ model, prompt: '[INST] Go.', raw: true })
    expect(raw.response).not.toBe('')
    const between = await client().generate({ model, prompt: 'def f():', suffix: 'return x' })
    expect(between.response).not.toBe('')
  })

  it('loads a model, and unloads it', async () => {
    const loaded = await client().generate({ model, prompt: '' })
    expect(loaded).toMatchObject({ done: true, done_reason: 'load' })
    const gone = await client().chat({ model, messages: [], keep_alive: 0 })
    expect(gone).toMatchObject({ done: true, done_reason: 'unload' })
  })
}

function failures(host: HostName, client: () => Ollama): void {
  it('tells of a stream that fails, never of an end', async () => {
    const options = scripted(broken)
    const reading = (async () => {
      for await (const part of await client().chat({ model, messages, stream: true, options })) {
        expect(part.done).toBe(false)
      }
    })()
    await expect(reading).rejects.toThrow(/CUDA out of memory/)
  })

  it('tells of a refusal in its words', async () => {
    const asked = client().chat({ model, messages, think: 'hard' as never })
    await expect(asked).rejects.toMatchObject({ status_code: 400, error: /^think: expected/ })
    const nobody = client().generate({ model: 'nobody', prompt: '' })
    await expect(nobody).rejects.toMatchObject({ status_code: 404 })
  })

  describe('with keys', () => {
    const key = 'secret-key-of-ann'
    const hash = `sha256:${createHash('sha256').update(key).digest('hex')}`
    const keys = JSON.stringify([{ name: 'ann', hash }])
    const server = useServer(host, ['--static-delay', '0'], { SLUICE_KEYS: keys })

    it('is let in with a key alone', async () => {
      const asked = { model: 'static', messages }
      const without = new Ollama({ host: server.url })
      await expect(without.chat(asked)).rejects.toMatchObject({ status_code: 401 })
      const headers = { authorization: `Bearer ${key}` }
      const answer = await new Ollama({ host: server.url, headers }).chat(asked)
      expect(answer.message.content).not.toBe('')
    })
  })
}
