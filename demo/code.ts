/** The current request as code for other programs. */
import { type ChatBody, key, root } from './api.ts'

export const LANGUAGES = ['curl', 'JavaScript', 'Python'] as const
export type Language = (typeof LANGUAGES)[number]

export function codeFor(language: Language, body: ChatBody): string {
  if (language === 'curl') return curl(body)
  return language === 'Python' ? python(body) : javaScript(body)
}

function curl(body: ChatBody): string {
  const json = JSON.stringify(body, null, 2).replaceAll("'", "'\\''")
  const authorization = key.value === '' ? '' : ' \\\n  -H "authorization: Bearer $OPENAI_API_KEY"'
  return `curl -N ${root}/chat/completions${authorization} \\\n  -H 'content-type: application/json' \\\n  -d '${json}'`
}

function javaScript(body: ChatBody): string {
  return `import OpenAI from 'openai'

const client = new OpenAI({ baseURL: ${JSON.stringify(root)}${key.value === '' ? ", apiKey: 'none'" : ''} })
const stream = await client.chat.completions.create(${JSON.stringify(body, null, 2)})
for await (const chunk of stream) process.stdout.write(chunk.choices[0]?.delta?.content ?? '')
`
}

function python(body: ChatBody): string {
  const fields = Object.entries(body).map(([name, value]) => `    ${name}=${literal(value)},`)
  return `from openai import OpenAI

client = OpenAI(base_url=${JSON.stringify(root)}${key.value === '' ? ', api_key="none"' : ''})
stream = client.chat.completions.create(
${fields.join('\n')}
)
for chunk in stream:
    if chunk.choices:
        print(chunk.choices[0].delta.content or "", end="", flush=True)
`
}

/** A Python literal, which differs from JSON in `True`, `False` and `None`. */
function literal(value: unknown): string {
  if (value === true) return 'True'
  if (value === false) return 'False'
  if (value === null) return 'None'
  if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`
  if (typeof value !== 'object') return JSON.stringify(value)
  const pairs = Object.entries(value).map(
    ([key, each]) => `${JSON.stringify(key)}: ${literal(each)}`,
  )
  return `{${pairs.join(', ')}}`
}
