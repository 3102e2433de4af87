/** Requests answers, and updates the page's state as each event arrives. */
import { batch } from '@preact/signals'
import { checkStream } from '../src/check/check-stream.ts'
import type { Recording } from '../src/recording/recording.ts'
import { withTimeout } from '../src/util/with-timeout.ts'
import { type ChatBody, checkKey, hasServer, type Message, unanswered } from './api.ts'
import { ChatLink } from './chat-link.ts'
import { streamChat } from './chat-stream.ts'
import { forgetAnswer, type PendingAnswer, pendingAnswer } from './pending-answer.ts'
import { ShownAnswer } from './shown-answer.ts'
import {
  answering,
  conversations,
  current,
  currentId,
  isConnectionLost,
  isStreaming,
  model,
  models,
  note,
  options,
  type Said,
  setMessages,
  wire,
} from './state.ts'

/** Milliseconds that a question may wait to learn whether there is a server behind the page. */
const HEALTH_TIMEOUT = 1_000

let control = new AbortController()
let link: ChatLink | undefined

/** Adds the user's message and streams the answer. */
export async function send(text: string): Promise<void> {
  setMessages((messages) => [...messages, { role: 'user', content: text }])
  await answer()
}

/** Streams an answer to the current conversation. */
async function answer(): Promise<void> {
  if (isStreaming.value) return
  const isResumable = await isOfServer()
  if (isStreaming.value) return
  const recording = unanswered(requestBody(), isResumable)
  setMessages((messages) => [...messages, { role: 'assistant', content: '' }])
  const conversation = current.value.id
  await receive(recording, { address: '', conversation, shown: 0, sentAt: Date.now() })
}

/** Goes on with the answer that this tab was receiving when the page was loaded again. */
export async function resumeAnswer(): Promise<void> {
  const pending = pendingAnswer()
  if (pending === undefined || isStreaming.value) return
  const answered = conversations.value.find(({ id }) => id === pending.conversation)
  const last = answered?.messages.at(-1)
  if (last?.role !== 'assistant' || last.outcome !== undefined) {
    forgetAnswer()
    return
  }
  currentId.value = pending.conversation
  await receive(unanswered(requestBody(), true), pending)
}

/** Receives an answer to its end, whose message is the last one of its conversation. */
async function receive(recording: Recording, pending: PendingAnswer): Promise<void> {
  const { address, shown, sentAt, conversation } = pending
  batch(() => {
    answering.value = conversation
    note.value = ''
    wire.value = { frames: [], tokens: [] }
  })
  control = new AbortController()
  const { signal } = control
  const answer = new ShownAnswer(pending)
  const own = new ChatLink({
    recording,
    signal,
    startedAt: performance.now() - (Date.now() - sentAt),
    address: address || undefined,
    shown,
    onChange() {
      isConnectionLost.value = own.isLost
      if (own.address !== undefined) answer.address = own.address
    },
  })
  link = own
  try {
    for await (const frame of streamChat(own)) answer.add(frame)
    answer.flush()
    answer.end(
      wire.value.frames.some(({ text }) => text.includes('[DONE]')) ? 'finished' : 'failed',
    )
  } catch (error) {
    answer.flush()
    if (signal.aborted) answer.end('cancelled')
    else answer.end('failed', (error as Error).message)
  } finally {
    forgetAnswer()
    answering.value = ''
    isConnectionLost.value = false
    if (recording.packets.length > 0) {
      wire.value = { ...wire.value, findings: findingsOf(own) }
    }
  }
}

/** Rules on when events arrive: those of a resumed answer did not come when they were sent. */
const ARRIVAL = ['all-at-once', 'bursts', 'silence']

function findingsOf({ recording, isResumed }: ChatLink) {
  const findings = checkStream(recording)
  return isResumed ? findings.filter(({ rule }) => !ARRIVAL.includes(rule)) : findings
}

/** Whether the model is one of the server behind the page, rather than of this browser. */
async function isOfServer(): Promise<boolean> {
  const owner = models.value?.find(({ id }) => id === model.value)?.owned_by
  // The built-in model may be the service worker's own.
  if (owner === 'web-llm') return false
  if (owner === 'sluice' && navigator.serviceWorker?.controller) return false
  // The server may not have answered yet when the page was loaded.
  if (!hasServer.value) await withTimeout(HEALTH_TIMEOUT, checkKey())
  return hasServer.value
}

export function stop(): void {
  link?.stop()
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
