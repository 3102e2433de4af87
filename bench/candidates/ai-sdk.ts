/** The `ai` SDK as a proxy on Node: it decodes the upstream's stream and encodes one of its own. */
import { createServer, type RequestListener } from 'node:http'
import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { type ModelMessage, streamText } from 'ai'
import { toNodeHandler } from 'srvx/node'

const [port = '', upstream = ''] = process.argv.slice(2)
const provider = createOpenAICompatible({
  name: 'bench',
  baseURL: `${upstream}/v1`,
  apiKey: 'none',
})
const encoder = new TextEncoder()

async function answer(request: Request): Promise<Response> {
  const { model, messages } = (await request.json()) as { model: string; messages: ModelMessage[] }
  const { textStream } = streamText({
    model: provider(model),
    messages,
    allowSystemInMessages: true,
    abortSignal: request.signal,
  })
  return new Response(textStream.pipeThrough(encode(model)), {
    headers: { 'content-type': 'text/event-stream' },
  })
}

function encode(model: string): TransformStream<string, Uint8Array> {
  const envelope = {
    id: `chatcmpl-${crypto.randomUUID()}`,
    object: 'chat.completion.chunk',
    created: Math.floor(Date.now() / 1000),
    model,
  }
  const frame = (delta: object, finish_reason: string | null) => {
    const chunk = { ...envelope, choices: [{ index: 0, delta, finish_reason }] }
    return encoder.encode(`data: ${JSON.stringify(chunk)}\n\n`)
  }
  return new TransformStream({
    start: (controller) => controller.enqueue(frame({ role: 'assistant', content: '' }, null)),
    transform: (content, controller) => controller.enqueue(frame({ content }, null)),
    flush(controller) {
      controller.enqueue(frame({}, 'stop'))
      controller.enqueue(encoder.encode('data: [DONE]\n\n'))
    },
  })
}

createServer(toNodeHandler(answer) as RequestListener).listen(Number(port), '127.0.0.1')
