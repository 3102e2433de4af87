/** What stands in for a server with a GPU while a program warms up. */

const encoder = new TextEncoder()
const MODEL = 'warm-up'
const WORDS = Array.from({ length: 16 }, (_, n) => (n === 0 ? 'Water' : ` word ${n}`))
const usage = { prompt_tokens: 9, completion_tokens: WORDS.length, total_tokens: WORDS.length + 9 }

interface Form {
  object: string
  whole: string
  /** A choice with this text; without one, the last. */
  part(text?: string): object
  all(text: string): object
}

const chat: Form = {
  object: 'chat.completion.chunk',
  whole: 'chat.completion',
  part: (text) => ({ delta: text === undefined ? {} : { content: text } }),
  all: (content) => ({ message: { role: 'assistant', content } }),
}

const text: Form = {
  object: 'text_completion',
  whole: 'text_completion',
  part: (text = '') => ({ text }),
  all: (text) => ({ text }),
}

function answer(object: string, choice: object, reason: string | null, more: object = {}): string {
  const choices = [{ index: 0, ...choice, finish_reason: reason }]
  return JSON.stringify({ id: 'c-1', object, created: 1, model: MODEL, choices, ...more })
}

function streamOf({ object, part }: Form): Uint8Array<ArrayBuffer>[] {
  const events = [
    ...WORDS.map((word) => answer(object, part(word), null)),
    answer(object, part(), 'stop', { usage }),
    '[DONE]',
  ]
  return events.map((event) => encoder.encode(`data: ${event}\n\n`))
}

function wholeOf({ whole, all }: Form): string {
  return answer(whole, all(WORDS.join('')), 'stop', { usage })
}

const answers = new Map(
  [chat, text].map((form) => [form, { pieces: streamOf(form), whole: wholeOf(form) }]),
)

/** Bytes of a question: those that practice asks have some hundred. */
const MOST_BYTES = 4_096

/** Answers whoever has the key as a server with one model does; of all others it reads nothing. */
export function warmUpUpstream(key: string): (request: Request) => Promise<Response> {
  const authorization = `Bearer ${key}`
  return async (request) => {
    const { headers } = request
    if (headers.get('authorization') !== authorization) return new Response(null, { status: 401 })
    if (request.method !== 'POST') {
      return json(JSON.stringify({ object: 'list', data: [{ id: MODEL }] }))
    }
    const length = Number(headers.get('content-length') ?? Number.NaN)
    if (!(length <= MOST_BYTES)) return new Response(null, { status: 413 })
    return answerQuestion(request.url, await request.text())
  }
}

function answerQuestion(url: string, question: string): Response {
  const form = url.endsWith('/chat/completions') ? chat : text
  const { pieces = [], whole = '' } = answers.get(form) ?? {}
  if (!question.includes('"stream":true')) return json(whole)
  let next = 0
  const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller) {
      const piece = pieces[next++]
      if (piece) controller.enqueue(piece)
      else controller.close()
    },
  })
  return new Response(stream, { headers: { 'content-type': 'text/event-stream' } })
}

function json(body: string): Response {
  return new Response(body, { headers: { 'content-type': 'application/json' } })
}
