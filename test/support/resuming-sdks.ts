import Anthropic from '@anthropic-ai/sdk'
import { Ollama } from 'ollama'
import OpenAI from 'openai'
import { resumingFetch } from '../../examples/resume/resuming-fetch.ts'

const messages = [{ role: 'user' as const, content: 'Go.' }]

export function openaiAt(url: string): OpenAI {
  return new OpenAI({ apiKey: 'none', baseURL: `${url}/v1`, maxRetries: 0, fetch: resumingFetch })
}

function anthropicAt(url: string): Anthropic {
  return new Anthropic({ apiKey: 'none', baseURL: url, maxRetries: 0, fetch: resumingFetch })
}

/** The text of a stream of a server, in each API, read by an SDK that uses the `fetch` of examples/resume. */
export const READERS: Record<string, (url: string, model: string) => Promise<string>> = {
  async chat(url, model) {
    const asked = { model, messages, stream: true as const }
    let said = ''
    for await (const { choices } of await openaiAt(url).chat.completions.create(asked)) {
      said += choices[0]?.delta.content ?? ''
    }
    return said
  },
  async completions(url, model) {
    const asked = { model, prompt: 'Go.', stream: true as const }
    let said = ''
    for await (const { choices } of await openaiAt(url).completions.create(asked)) {
      said += choices[0]?.text ?? ''
    }
    return said
  },
  async responses(url, model) {
    return (await openaiAt(url).responses.stream({ model, input: 'Go.' }).finalResponse())
      .output_text
  },
  messages(url, model) {
    return anthropicAt(url).messages.stream({ model, messages, max_tokens: 100 }).finalText()
  },
  async ollama(url, model) {
    const client = new Ollama({ host: url, fetch: resumingFetch as typeof fetch })
    let said = ''
    for await (const part of await client.chat({ model, messages, stream: true })) {
      said += part.message.content
    }
    return said
  },
}
