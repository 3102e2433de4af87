/** Requests answers, and updates the page's state as each event arrives. */
import { batch } from '@preact/signals'
import { checkStream } from '../src/check/check-stream.ts'
import {
  type ChatBody,
  type Frame,
  type Message,
  payloadOf,
  streamChat,
  unanswered,
} from './api.ts'
import {
  current,
  isStreaming,
  model,
  note,
  options,
  type Said,
  setMessages,
  wire,
} from './state.ts'

let control = new AbortController()

/** Adds the user's message and streams the answer. */
export async function send(text: string): Promise<void> {
  setMessages((messages) => [...messages, { role: 'user', content: text }])
  await answer()
}

/** Streams an answer to the current conversation. */
async function answer(): Promise<void> {
  if (isStreaming.value) return
  control = new AbortController()
  const recording = unanswered(requestBody())
  batch(() => {
    isStreaming.value = true
    note.value = ''
    wire.value = { frames: [], tokens: [] }
    setMessages((messages) => [...messages, { role: 'assistant', content: '' }])
  })
  const { add, flush } = frameBatches()
  try {
    for await (const frame of streamChat(recording, control.signal)) add(frame)
    flush()
    end(wire.value.frames.some(({ text }) => text.includes('[DONE]')) ? 'finished' : 'failed')
  } catch (error) {
    flush()
    if (control.signal.aborted) end('cancelled')
    else end('failed', (error as Error).message)
  } finally {
    isStreaming.value = false
    if (recording.packets.length > 0) {
      wire.value = { ...wire.value, findings: checkStream(recording) }
    }
  }
}

export function stop(): void {
  control.abort(new Error('stopped'))
}

/** Requests the last answer again. */
export async function regenerate(): Promise<void> {
  setMessages((messages) => messages.slice(0, messages.findLastIndex(isUser) + 1))
  await answer()
}

/** Removes a message and all that follow, and returns its text to be edited. */
export function removeFrom(index: number): string {
  const text = current.value.messages[index]?.content ?? ''
  setMessages((messages) => messages.slice(0, index))
  return text
}

function isUser({ role }: Said): boolean {
  return role === 'user'
}

/** The request for the current conversation, which the code examples show too. */
export function requestBody(): ChatBody {
  const { system, temperature, top_p, max_tokens } = options.value
  const number = (text: string) => (text.trim() === '' ? undefined : Number(text))
  const fields = {
    temperature: number(temperature),
    top_p: number(top_p),
    max_tokens: number(max_tokens),
  }
  const set = Object.entries(fields).filter(([, value]) => value !== undefined)
  const said: Message[] = current.value.messages
    .filter(({ content }) => content !== '')
    .map(({ role, content }) => ({ role, content }))
  const head: Message[] = system.trim() ? [{ role: 'system', content: system }] : []
  return {
    model: model.value,
    messages: [...head, ...said],
    stream: true,
    stream_options: { include_usage: true },
    ...Object.fromEntries(set),
  }
}

/** Collects frames and shows them once for each repaint: they arrive faster than a screen repaints. */
function frameBatches() {
  let waiting: Frame[] = []
  let isScheduled = false
  const flush = () => {
    isScheduled = false
    const frames = waiting
    waiting = []
    if (frames.length > 0) batch(() => show(frames))
  }
  const add = (frame: Frame) => {
    waiting.push(frame)
    if (isScheduled) return
    isScheduled = true
    // A hidden page gets no animation frames.
    if (document.hidden) setTimeout(flush, 100)
    else requestAnimationFrame(flush)
  }
  return { add, flush }
}

function show(frames: Frame[]): void {
  const tokens: number[] = []
  let text = ''
  let reasoning = ''
  for (const frame of frames) {
    const payload = payloadOf(frame)
    if (frame.text.startsWith(':')) note.value = frame.text.slice(1).trim()
    const delta = payload?.choices?.[0]?.delta
    const thought = delta?.reasoning_content ?? delta?.reasoning ?? ''
    if (delta?.content || thought) tokens.push(frame.at)
    text += delta?.content ?? ''
    reasoning += thought
  }
  const before = wire.value
  wire.value = { frames: [...before.frames, ...frames], tokens: [...before.tokens, ...tokens] }
  if (tokens.length > 0) note.value = ''
  if (text || reasoning) changeLast((last) => appended(last, text, reasoning))
}

function appended(last: Said, text: string, reasoning: string): Said {
  const thought = (last.reasoning ?? '') + reasoning
  return { ...last, content: last.content + text, ...(thought && { reasoning: thought }) }
}

function end(outcome: NonNullable<Said['outcome']>, error?: string): void {
  const { tokens, frames } = wire.value
  const payloads = frames.map(payloadOf)
  const counted = payloads.findLast((payload) => payload?.usage)?.usage
  // Otherwise the error frame of the stream itself.
  const message = error ?? payloads.findLast((payload) => payload?.error)?.error?.message
  const first = tokens[0]
  const last = tokens.at(-1)
  changeLast((said) => ({
    ...said,
    outcome,
    ...(message !== undefined && { error: message }),
    ...(first !== undefined &&
      last !== undefined && {
        stats: {
          first,
          tokens: counted?.completion_tokens ?? tokens.length,
          rate: last > first ? ((tokens.length - 1) / (last - first)) * 1000 : 0,
        },
      }),
  }))
}

function changeLast(change: (said: Said) => Said): void {
  setMessages((messages) =>
    messages.map((said, index) => (index === messages.length - 1 ? change(said) : said)),
  )
}
