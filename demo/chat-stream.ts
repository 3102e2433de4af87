/** Reads the events of an answer, over as many connections as it takes. */
import type { RecordedPacket } from '../src/recording/recording.ts'
import { decodeText, EventScanner } from '../src/wire/sse/sse.ts'
import type { Frame } from './api.ts'
import type { ChatLink } from './chat-link.ts'

/** An event of a chat; `number` is missing for what the server does not store, such as heartbeats. */
export interface ChatFrame extends Frame {
  number?: number
}

/**
 * Streams the events of one answer, and adds its packets to the recording. Throws a `Refused` with the
 * API's message.
 */
export async function* streamChat(link: ChatLink): AsyncGenerator<ChatFrame, void, void> {
  let isOver = false
  while (!isOver) isOver = yield* readConnection(await link.open(), link)
}

/** Returns whether the answer is over; otherwise its connection was lost. */
async function* readConnection(
  response: Response,
  link: ChatLink,
): AsyncGenerator<ChatFrame, boolean, void> {
  const { recording } = link
  let read = bytesIn(recording.packets)
  let whole = read
  // 204: the answer has ended, and all of it was read.
  let isOver = response.status === 204
  try {
    for await (const { frame, size } of isOver ? [] : framesOf(response, link)) {
      read += size
      if (frame.number !== undefined) {
        whole = read
        link.advance(frame.number)
      } else if (frame.text.startsWith('retry:')) link.wait(Number(frame.text.slice(6)))
      isOver ||= isLast(frame)
      yield frame
    }
    if (link.address === undefined) isOver = true
  } catch (error) {
    if (link.signal.aborted || link.address === undefined) throw error
  }
  if (isOver) {
    recording.end = { at: link.now(), how: 'end' }
    return true
  }
  // What follows the last event with a number comes again, whole.
  truncate(recording.packets, whole)
  link.lose()
  return false
}

async function* framesOf(
  response: Response,
  link: ChatLink,
): AsyncGenerator<{ frame: ChatFrame; size: number }, void, void> {
  const reader = (response.body as ReadableStream<Uint8Array<ArrayBuffer>>).getReader()
  const scanner = new EventScanner()
  const decoder = new TextDecoder()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      const at = link.now()
      link.recording.packets.push({ at, bytes: value })
      // Comments report the loading of a model. They belong to the event that follows, which may come
      // much later, so they are yielded at once.
      const text = decoder.decode(value, { stream: true })
      for (const line of text.split('\n').slice(0, -1)) {
        if (line.startsWith(': ')) yield { frame: { at, text: `${line}\n` }, size: 0 }
      }
      scanner.push(value)
      while (scanner.next()) {
        const { start, end } = scanner
        const event = withoutComments(decodeText(scanner.buffer.subarray(start, end)))
        const number = /^id: ?(\d{1,15})$/m.exec(event)?.[1]
        const frame = { at, text: event, ...(number !== undefined && { number: Number(number) }) }
        yield { frame, size: end - start }
      }
    }
  } finally {
    await reader.cancel().catch(() => {})
  }
}

function withoutComments(event: string): string {
  const lines = event.split('\n')
  return lines.filter((line) => !line.startsWith(':')).join('\n')
}

/** Whether nothing follows it: a chat ends with `[DONE]` or with an error. */
function isLast(frame: Frame): boolean {
  return /^data: ?(?:\[DONE\]|\{"error":)/m.test(frame.text)
}

function bytesIn(packets: readonly RecordedPacket[]): number {
  return packets.reduce((sum, { bytes }) => sum + bytes.length, 0)
}

/** Drops all but the first `size` bytes. */
function truncate(packets: RecordedPacket[], size: number): void {
  for (let excess = bytesIn(packets) - size; excess > 0; ) {
    const last = packets.pop()
    if (last === undefined) return
    const { at, bytes } = last
    if (bytes.length > excess) packets.push({ at, bytes: bytes.slice(0, bytes.length - excess) })
    excess -= bytes.length
  }
}
