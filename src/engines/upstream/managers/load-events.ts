/**
 * The progress of loads that llama-server's router tells by events, at `GET /models/sse`: which part of
 * the model is being loaded, and how much of that is done.
 */
import type { Fetched } from '../../../platform/fetch.ts'
import { isObject, parseObject } from '../../../util/object.ts'

export interface LoadEvent {
  model: string
  /** From 0 to 1. */
  done: number
  /** The part that is being loaded, where there are several. */
  part?: string | undefined
}

/** The most characters of one event. */
const MAX_EVENT = 65_536

/** Calls `take` for each progress in an event stream, until it ends. Rejects where it breaks. */
export async function readLoadEvents(
  { body }: Pick<Fetched, 'body'>,
  take: (progress: LoadEvent) => void,
): Promise<void> {
  const reader = body?.getReader()
  const decoder = new TextDecoder()
  let text = ''
  for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) {
    text += decoder.decode(part.value, { stream: true })
    const frames = text.split('\n\n')
    text = (frames.pop() ?? '').slice(-MAX_EVENT)
    for (const frame of frames) {
      const progress = progressIn(frame)
      if (progress !== undefined) take(progress)
    }
  }
}

function progressIn(frame: string): LoadEvent | undefined {
  const event = frame.startsWith('data: ') ? parseObject(frame.slice('data: '.length)) : undefined
  if (typeof event?.model !== 'string' || !isObject(event.data)) return undefined
  const { status, progress } = event.data
  if (status !== 'loading' || !isObject(progress)) return undefined
  const { value, current, stages } = progress
  if (typeof value !== 'number' || !(value >= 0 && value <= 1)) return undefined
  const isOneOfSeveral = Array.isArray(stages) && stages.length > 1 && isName(current)
  return { model: event.model, done: value, part: isOneOfSeveral ? current : undefined }
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && /^\w{1,40}$/.test(value)
}
