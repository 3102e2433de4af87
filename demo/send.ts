/** Requests answers, and updates the page's state as each event arrives. */
import { batch } from '@preact/signals'
import type { Recording } from '../src/recording/recording.ts'
import { inSlices } from '../src/util/slices.ts'
import { withTimeout } from '../src/util/with-timeout.ts'
import { type ApiFailure, checkKey, type Frame, hasServer, unanswered } from './api.ts'
import { dropImages, keepImage, loadImages } from './chat/image-store.ts'
import type { Picture } from './chat/images.ts'
import { requestBody } from './chat/request.ts'
import { ChatLink, Refused } from './chat-link.ts'
import { streamChat } from './chat-stream.ts'
import { forgetAnswer, type PendingAnswer, pendingAnswer } from './pending-answer.ts'
import { startServiceWorker } from './service.ts'
import { ShownAnswer } from './shown-answer.ts'
import {
  answering,
  beginConversation,
  conversations,
  current,
  currentId,
  isConnectionLost,
  isStreaming,
  model,
  models,
  note,
  type Said,
  setMessages,
  wire,
} from './state.ts'

/** Milliseconds that a question may wait to learn whether there is a server behind the page. */
const HEALTH_TIMEOUT = 1_000

let control = new AbortController()
let link: ChatLink | undefined

/** Adds the user's message and streams the answer. */
export async function send(text: string, pictures: readonly Picture[] = []): Promise<void> {
  const images = pictures.map(({ id }) => id)
  for (const { id, url } of pictures) void keepImage(id, url)
  const said: Said = { role: 'user', content: text, ...(images.length > 0 && { images }) }
  beginConversation()
  setMessages((messages) => [...messages, said])
  await answer()
}

/** Goes on with the results of the tools that the last answer asks for, in their order. */
export async function sendResults(results: readonly string[]): Promise<void> {
  const calls = current.value.messages.at(-1)?.calls ?? []
  const said = calls.map(({ id }, index): Said => {
    return { role: 'tool', content: results[index] ?? '', callId: id }
  })
  setMessages((messages) => [...messages, ...said])
  await answer()
}

/** Streams an answer to the current conversation. */
async function answer(): Promise<void> {
  if (isStreaming.value) return
  const [isResumable] = await Promise.all([isOfServer(), loadImages(current.value.messages)])
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
    if (answer.isWhole) answer.end('finished')
    else answer.end('failed', answer.failure ?? INCOMPLETE)
  } catch (error) {
    answer.flush()
    if (signal.aborted) answer.end('cancelled')
    else answer.end('failed', failureOf(error))
  } finally {
    forgetAnswer()
    answering.value = ''
    isConnectionLost.value = false
    if (recording.packets.length > 0) void judge(own, wire.value.frames)
  }
}

const INCOMPLETE: ApiFailure = {
  code: 'stream_incomplete',
  message: 'The stream ended before the answer did: no [DONE] came.',
}

function failureOf(error: unknown): ApiFailure {
  if (error instanceof Refused) return error.failure
  const message = error instanceof Error ? error.message : String(error)
  // What `fetch` throws where no answer came, or the rest of one did not.
  return error instanceof TypeError ? { code: 'connection_failed', message } : { message }
}

/** Rules on when events arrive: those of a resumed answer did not come when they were sent. */
const ARRIVAL = ['all-at-once', 'bursts', 'silence']

/** Shows which rules the stream breaks, unless another one is shown by then. */
async function judge({ recording, isResumed }: ChatLink, frames: readonly Frame[]): Promise<void> {
  // Half of the page's scripts: not before they are needed.
  const { checkStreamInSteps } = await import('./check.ts')
  if (wire.value.frames !== frames) return
  const findings = await inSlices(checkStreamInSteps(recording))
  if (wire.value.frames !== frames) return
  wire.value = {
    ...wire.value,
    findings: isResumed ? findings.filter(({ rule }) => !ARRIVAL.includes(rule)) : findings,
  }
}

/** Whether the model is one of the server behind the page, rather than of this browser. */
async function isOfServer(): Promise<boolean> {
  const owner = models.value?.find(({ id }) => id === model.value)?.owned_by
  // The built-in model may be the service worker's own.
  if (owner === 'web-llm') {
    // It answers for the GPU.
    await startServiceWorker()
    return false
  }
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
  setMessages((messages) => messages.slice(0, messages.findLastIndex(isAsking) + 1))
  await answer()
}

/** Replaces a message and all that follow by this one, and streams the answer to it. */
export async function sendInstead(index: number, text: string, images: string[]): Promise<void> {
  const removed = current.value.messages.slice(index)
  const said: Said = { role: 'user', content: text, ...(images.length > 0 && { images }) }
  setMessages((messages) => [...messages.slice(0, index), said])
  void dropImages(removed)
  await answer()
}

function isAsking({ role }: Said): boolean {
  return role === 'user' || role === 'tool'
}
