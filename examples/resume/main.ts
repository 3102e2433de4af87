import OpenAI from 'openai'
import { resumingFetch } from './resuming-fetch.ts'

const client = new OpenAI({
  baseURL: process.env.SLUICE_URL ?? 'http://127.0.0.1:8787/v1',
  apiKey: process.env.SLUICE_KEY ?? 'none',
  fetch: resumingFetch,
})

/** Whatever happens to the connection meanwhile, the answer is printed once and to its end. */
const stream = await client.chat.completions.create({
  model: process.env.MODEL ?? 'static',
  stream: true,
  messages: [{ role: 'user', content: 'Tell me a long story.' }],
})
for await (const { choices } of stream) process.stdout.write(choices[0]?.delta.content ?? '')
process.stdout.write('\n')
