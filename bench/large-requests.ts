/** Requests as coding agents send them, and such as images make them large. */

export interface LargeKind {
  name: string
  path: string
  body: Uint8Array<ArrayBuffer>
}

const PHRASE =
  'The function reads a file, and says "not found" where there is none.\nconst found = { path: 1 }\n'

const text = (length: number) =>
  PHRASE.repeat(Math.ceil(length / PHRASE.length)).slice(0, Math.max(0, length))

const encoder = new TextEncoder()

function chat(name: string, rest: object): LargeKind {
  const body = encoder.encode(JSON.stringify({ model: 'm', stream: true, ...rest }))
  return { name, path: '/v1/chat/completions', body }
}

/** Twenty turns of long texts: files and what commands wrote. */
export function longTexts(size: number) {
  return Array.from({ length: 20 }, (_, index) => {
    return { role: index % 2 === 0 ? 'user' : 'assistant', content: text(size / 21) }
  })
}

/** 2,000 messages: calls of tools and their results. */
function manyMessages(size: number) {
  const length = size / 2_100 - 100
  return Array.from({ length: 1_000 }, (_, index) => {
    const call = { name: 'edit', arguments: JSON.stringify({ text: text(length / 2) }) }
    const tool_calls = [{ id: `call_${index}`, type: 'function', function: call }]
    return [
      { role: 'assistant', content: text(length / 2), tool_calls },
      { role: 'tool', tool_call_id: `call_${index}`, content: text(length) },
    ]
  }).flat()
}

function tool(name: string) {
  const property = { type: 'string', description: text(80), enum: ['a', 'b', 'c'], minLength: 1 }
  const names = Array.from({ length: 100 }, (_, index) => [`field_${index}`, property])
  const parameters = { type: 'object', properties: Object.fromEntries(names) }
  return { type: 'function', function: { name, description: text(300), parameters } }
}

function tools(size: number) {
  const count = Math.floor(size / JSON.stringify(tool('tool_1')).length)
  return Array.from({ length: count }, (_, index) => tool(`tool_${index}`))
}

function image(size: number) {
  const url = `data:image/png;base64,${'iVBORw0KGgoAAAANSUhEUgAAB4AAAAQ4CAYAAADo'.repeat(size / 40)}`
  const content = [
    { type: 'text', text: 'What is this?' },
    { type: 'image_url', image_url: { url } },
  ]
  return [{ role: 'user', content }]
}

const HELLO = [{ role: 'user', content: 'Hello' }]

/** One of each kind, of 1 MB and of 4 MB, and a small one. */
export function largeRequests(): LargeKind[] {
  const large = [1e6, 4e6].flatMap((size) => {
    const of = `${size / 1e6} MB`
    const long = longTexts(size)
    return [
      chat(`long texts, ${of}`, { messages: long }),
      chat(`2,000 messages, ${of}`, { messages: manyMessages(size) }),
      chat(`tools, ${of}`, { messages: HELLO, tools: tools(size) }),
      chat(`image, ${of}`, { messages: image(size) }),
      {
        ...chat(`native, ${of}`, { messages: long, max_tokens: 100 }),
        path: '/v1/messages',
      },
    ]
  })
  return [...large, chat('small, 1 kB', { messages: [{ role: 'user', content: text(900) }] })]
}
