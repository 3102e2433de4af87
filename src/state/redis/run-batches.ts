/**
 * Events as they are stored: several in one entry, since an entry costs a server more than a token is long.
 * A batch is the lengths of its events in UTF-16 units, a line feed, and the events: `5,3\naaaaabbb`. JSON would
 * make it a third longer, because events are mostly JSON themselves.
 */
import { utf8Length } from '../../util/utf8-length.ts'

/** UTF-8 bytes of one batch, unless a single event has more. A reader that wants its last event reads all of it. */
const BATCH_BYTES = 16_384

/** UTF-8 bytes that one call carries, unless a single event has more: a server does nothing else meanwhile. */
const CALL_BYTES = 262_144

export interface RunBatch {
  count: number
  text: string
  bytes: number
}

/** The events of one call: as many batches as it may carry, and the number of events in them. */
export interface CallOfBatches {
  batches: RunBatch[]
  count: number
}

/** Divides events into calls of bounded size; one call where there are no events. */
export function batchedCalls(frames: readonly string[]): CallOfBatches[] {
  const calls: CallOfBatches[] = [{ batches: [], count: 0 }]
  let bytes = 0
  for (const batch of batchesOf(frames)) {
    if (bytes > 0 && bytes + batch.bytes > CALL_BYTES) {
      calls.push({ batches: [], count: 0 })
      bytes = 0
    }
    const call = calls.at(-1) as CallOfBatches
    call.batches.push(batch)
    call.count += batch.count
    bytes += batch.bytes
  }
  return calls
}

function* batchesOf(frames: readonly string[]): Generator<RunBatch> {
  let some: string[] = []
  let bytes = 0
  for (const frame of frames) {
    const length = utf8Length(frame)
    if (some.length > 0 && bytes + length > BATCH_BYTES) {
      yield batchOf(some, bytes)
      some = []
      bytes = 0
    }
    some.push(frame)
    bytes += length
  }
  if (some.length > 0) yield batchOf(some, bytes)
}

function batchOf(frames: readonly string[], bytes: number): RunBatch {
  return { count: frames.length, text: encodeBatch(frames), bytes }
}

export function encodeBatch(frames: readonly string[]): string {
  let lengths = ''
  for (const frame of frames) lengths += lengths === '' ? frame.length : `,${frame.length}`
  return `${lengths}\n${frames.join('')}`
}

/** Throws where it is none: somebody else wrote it. */
export function decodeBatch(text: string): string[] {
  const start = text.indexOf('\n')
  const lengths = text.slice(0, Math.max(0, start))
  if (!/^\d+(,\d+)*$/.test(lengths)) throw new TypeError('run log: expected a batch of events.')
  const frames: string[] = []
  let at = start + 1
  for (const length of lengths.split(',')) {
    const end = at + Number(length)
    frames.push(text.slice(at, end))
    at = end
  }
  if (at !== text.length) throw new TypeError('run log: expected a whole batch of events.')
  return frames
}
