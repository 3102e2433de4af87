/** An answer again: played in the page at its own speed, or asked for anew. */
import { packetSchedule } from '../../src/recording/replay.ts'
import { isObject, parseObject } from '../../src/util/object.ts'
import { authorization, type Message } from '../api.ts'
import { regenerate } from '../send.ts'
import { chosenModel, isStreaming, setMessages, startConversation } from '../state.ts'
import { openView } from '../views.ts'
import { tell } from './actions.ts'
import { NOTHING } from './parts.ts'
import { recordingOf } from './recorded.ts'
import { Collector, type Seen, seen } from './watch.ts'

let playing: { control: AbortController; all: Seen } | undefined

/** Plays the answer in the page, at the speed at which it was sent. */
export async function play(all: Seen): Promise<void> {
  const recording = recordingOf(all)
  if (recording === undefined) return
  playing?.control.abort()
  const control = new AbortController()
  playing = { control, all }
  seen.value = { ...all, frames: [], packets: [], parts: NOTHING, playing: true }
  const collector = new Collector(all.id, control.signal)
  const decoder = new TextDecoder()
  const startedAt = performance.now()
  const first = recording.packets[0]?.at ?? 0
  for (const { at, bytes } of packetSchedule(recording)) {
    const wait = at - first - (performance.now() - startedAt)
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait))
    if (control.signal.aborted || seen.peek()?.id !== all.id) return
    collector.sent(at, bytes, decoder.decode(bytes, { stream: true }))
  }
  collector.show()
  stopPlaying()
}

/** Shows all of the answer again. */
export function stopPlaying(): void {
  if (playing === undefined) return
  const { control, all } = playing
  playing = undefined
  control.abort()
  if (seen.peek()?.id === all.id) seen.value = { ...all, playing: false }
}

/** Sends the captured request again, with the page's own key, and opens it. */
export async function sendAgain({ recording }: Seen): Promise<void> {
  if (recording === undefined) return
  const { method, url, headers, body } = recording.request
  const { pathname, search } = new URL(url)
  const type = headers['content-type'] ?? 'application/json'
  try {
    const response = await fetch(pathname + search, {
      method,
      // Not through the service worker, which would send a request of its own making.
      headers: { 'content-type': type, 'sluice-direct': '1', ...authorization() },
      ...(body !== undefined && { body }),
    })
    const id = response.headers.get('x-request-id')
    tell(response.ok ? 'Sent again.' : `Sent again, and refused with status ${response.status}.`)
    if (id !== null) openView('activity', id)
    // To its end, as a client does: one that does not read holds the engine back.
    await response.body?.pipeTo(new WritableStream())
  } catch (error) {
    tell(`Could not send it again: ${(error as Error).message}`)
  }
}

/** The messages of a captured chat; undefined for another API. */
export function chatOf({ record, recording }: Seen): Message[] | undefined {
  const body = recording?.request.body
  if (record?.api !== '/v1/chat/completions' || body === undefined) return undefined
  const { messages } = parseObject(body) ?? {}
  if (!Array.isArray(messages)) return undefined
  return messages.filter(isObject).map(({ role, content }) => ({
    role: role === 'assistant' || role === 'user' ? role : 'system',
    content: textOf(content),
  }))
}

function textOf(content: unknown): string {
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) return ''
  return content
    .filter(isObject)
    .map(({ text }) => (typeof text === 'string' ? text : ''))
    .join('\n')
}

/** Asks for the answer in the chat, in a conversation of its own. */
export function askInChat(now: Seen): void {
  const messages = chatOf(now)
  if (messages === undefined) return
  if (isStreaming.peek()) {
    tell('The chat is streaming an answer; stop it first.')
    return
  }
  startConversation()
  setMessages(() => messages)
  if (now.record?.model) chosenModel.value = now.record.model
  openView('chat')
  void regenerate()
}
