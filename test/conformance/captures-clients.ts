import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { needs } from '../support/hosts.ts'
import { type HostName, runToEnd, startTool, useServer } from '../support/server.ts'

const MODEL = 'static'
const QUESTION = [{ role: 'user' as const, content: 'Hi' }]

/** What an SDK is given, whose base URL is that of a server. */
const CALLS = {
  'chat completions of openai': async (base: string) => {
    const client = new OpenAI({ baseURL: base, apiKey: 'sk-of-an-sdk-0123', maxRetries: 0 })
    const messages = QUESTION
    return all(await client.chat.completions.create({ model: MODEL, messages, stream: true }))
  },
  'responses of openai': async (base: string) => {
    const client = new OpenAI({ baseURL: base, apiKey: 'sk-of-an-sdk-0123', maxRetries: 0 })
    return all(await client.responses.create({ model: MODEL, input: 'Hi', stream: true }))
  },
  'messages of anthropic': async (base: string) => {
    const baseURL = base.replace(/\/v1$/, '')
    const client = new Anthropic({ baseURL, apiKey: 'sk-of-an-sdk-0123', maxRetries: 0 })
    const asked = { model: MODEL, max_tokens: 100, messages: QUESTION, stream: true } as const
    return all(await client.messages.create(asked))
  },
  'a complete answer to openai': async (base: string) => {
    const client = new OpenAI({ baseURL: base, apiKey: 'sk-of-an-sdk-0123', maxRetries: 0 })
    const { choices } = await client.chat.completions.create({ model: MODEL, messages: QUESTION })
    return choices
  },
  'a refusal of openai': async (base: string) => {
    const client = new OpenAI({ baseURL: base, apiKey: 'sk-of-an-sdk-0123', maxRetries: 0 })
    const asked = client.chat.completions.create({ model: MODEL, messages: 1 as never })
    const error = await asked.then(
      () => undefined,
      (reason) => reason as InstanceType<typeof OpenAI.APIError>,
    )
    return [{ status: error?.status, code: error?.code, message: error?.message }]
  },
}

async function all<T>(events: AsyncIterable<T>): Promise<T[]> {
  const read: T[] = []
  for await (const event of events) read.push(event)
  return read
}

/** SDKs get of a replayed capture what they got of sluice. */
export function captureClients(host: HostName): void {
  describe('are for SDKs', needs(host, 'process'), () => {
    const server = useServer(host, ['--capture', 'all', '--static-delay', '2ms'])
    let folder = ''
    beforeAll(() => {
      folder = mkdtempSync(join(tmpdir(), 'sluice-captures-'))
    })
    afterAll(() => rmSync(folder, { recursive: true, force: true }))

    it.each(Object.entries(CALLS))('are replayed and checked: %s', async (name, call) => {
      const live = await call(server.base)
      expect(live.length).toBeGreaterThan(0)
      const captures = `${server.base}/captures`
      const newest = async () => {
        const list = (await (await fetch(captures)).json()) as {
          data: { id: string; outcome: string | null }[]
        }
        return list.data[0]
      }
      await expect.poll(async () => (await newest())?.outcome).toEqual(expect.any(String))
      const text = await (await fetch(`${captures}/${(await newest())?.id}`)).text()
      expect(text).not.toContain('sk-of-an-sdk')
      const file = join(folder, `${name.replaceAll(' ', '-')}.jsonl`)
      writeFileSync(file, text)
      await using replayed = await startTool(host, ['replay', file, '--port', '0', '--speed', '0'])
      expect(await call(replayed.base)).toEqual(live)
      await replayed.stop('SIGINT')
      const checked = await runToEnd(host, ['check', file, '--strict'])
      expect(checked.stdout).toMatch(/No rule is broken\.$/m)
      expect(checked.code).toBe(0)
    })
  })
}
