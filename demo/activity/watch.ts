/** The request that is open: what is sent of it from now on, or all of it where it was captured. */
import { signal } from '@preact/signals'
import {
  parseRecording,
  type RecordedPacket,
  type Recording,
} from '../../src/recording/recording.ts'
import type { Activity } from '../../src/wire/activity/schema.ts'
import { encodeText } from '../../src/wire/sse/sse.ts'
import type { Frame } from '../api.ts'
import { summaryOf } from '../frames/summary.ts'
import { callApi, errorOf, NoStream, readEvents } from './events.ts'
import { NOTHING, type Parts, withDeltas } from './parts.ts'
import { FrameSplitter } from './splitter.ts'
import { rows } from './store.ts'

export interface Seen {
  id: string
  record?: Activity
  /** What was sent to the client. */
  frames: readonly Frame[]
  /** What came from the engine, which admins see; undefined until some has. */
  received?: readonly Frame[]
  parts: Parts
  /** As they were written to the client. */
  packets: readonly RecordedPacket[]
  /** Whether nothing was sent before it was opened. */
  isWhole: boolean
  /** How many pieces were left out because the page did not keep up. */
  lost: number
  state: 'connecting' | 'live' | 'ended' | 'lost' | 'gone'
  /** The whole answer, where it was captured. */
  recording?: Recording
  /** Why there is nothing to see. */
  problem?: string
  /** Milliseconds since the start of a replay in the page. */
  playing?: boolean
}

export const seen = signal<Seen | undefined>(undefined)

/** Milliseconds between two updates: what is read by people need not change with every token. */
const UPDATE = 100

function fresh(id: string): Seen {
  const record = rows.get(id)?.record.peek()
  return {
    id,
    ...(record && { record }),
    frames: [],
    parts: NOTHING,
    packets: [],
    isWhole: false,
    lost: 0,
    state: 'connecting',
  }
}

/** Watches a request until the returned function is called. */
export function watch(id: string): () => void {
  const control = new AbortController()
  seen.value = fresh(id)
  void follow(id, control.signal)
  return () => {
    control.abort()
    if (seen.peek()?.id === id) seen.value = undefined
  }
}

async function follow(id: string, stop: AbortSignal): Promise<void> {
  const collector = new Collector(id, stop)
  try {
    await readEvents(`/activity/${encodeURIComponent(id)}`, stop, (event, data) => {
      collector.take(event, data)
    })
    collector.end('ended')
  } catch (error) {
    if (stop.aborted) return
    if (error instanceof NoStream) collector.end('gone', error.message)
    else collector.end('lost')
  }
  const capture = seen.peek()?.record?.capture
  if (!stop.aborted && capture !== undefined) {
    await showCapture(capture, stop)
  }
}

/** Collects what arrives, and shows it a few times a second. */
export class Collector {
  readonly #id: string
  readonly #stop: AbortSignal
  readonly #splitter = new FrameSplitter()
  readonly #engineSplitter = new FrameSplitter()
  #frames: Frame[] = []
  #received: Frame[] = []
  #packets: RecordedPacket[] = []
  #change: Partial<Seen> = {}
  #timer: ReturnType<typeof setTimeout> | undefined
  #lost = 0
  #isTold = false
  isWhole = false

  constructor(id: string, stop: AbortSignal) {
    this.#id = id
    this.#stop = stop
  }

  take(event: string, data: unknown): void {
    if (event === 'activity') this.#record(data as Activity)
    else if (event === 'sent') {
      const { at, text } = data as { at: number; text: string }
      this.sent(at, encodeText(text), text)
    } else if (event === 'received') {
      const { at, text } = data as { at: number; text: string }
      this.#received.push(...this.#engineSplitter.push(at, text))
    } else if (event === 'lost') {
      this.#lost += (data as { count: number }).count
      this.isWhole = false
      this.#change = { ...this.#change, lost: this.#lost, isWhole: false }
    } else return
    this.#schedule()
  }

  sent(at: number, bytes: Uint8Array<ArrayBuffer>, text: string): void {
    this.#packets.push({ at, bytes })
    this.#frames.push(...this.#splitter.push(at, text))
    this.#schedule()
  }

  end(state: Seen['state'], problem?: string): void {
    const at = this.#packets.at(-1)?.at ?? seen.peek()?.packets.at(-1)?.at ?? 0
    this.#frames.push(...this.#splitter.end(at))
    this.#change = { ...this.#change, state, ...(problem !== undefined && { problem }) }
    this.show()
  }

  #record(record: Activity): void {
    if (!this.#isTold) {
      this.#isTold = true
      this.isWhole = record.state !== 'ended' && record.tokens === 0
      this.#change = { ...this.#change, isWhole: this.isWhole }
    }
    const state = record.state === 'ended' ? 'ended' : 'live'
    this.#change = { ...this.#change, record, state }
  }

  #schedule(): void {
    // The first news are shown at once.
    if (seen.peek()?.state === 'connecting') this.show()
    else this.#timer ??= setTimeout(() => this.show(), UPDATE)
  }

  show(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const before = seen.peek()
    if (this.#stop.aborted || before?.id !== this.#id) return
    const deltas = this.#frames.flatMap((frame) => summaryOf(frame).deltas)
    seen.value = {
      ...before,
      ...this.#change,
      frames: [...before.frames, ...this.#frames],
      packets: [...before.packets, ...this.#packets],
      ...(this.#received.length > 0 && {
        received: [...(before.received ?? []), ...this.#received],
      }),
      parts: withDeltas(before.parts, deltas),
    }
    this.#frames = []
    this.#received = []
    this.#packets = []
    this.#change = {}
  }
}

/** The recording of a capture, or why there is none. */
export async function captured(
  capture: string,
  stop?: AbortSignal,
  side = 'client',
): Promise<Recording | string> {
  try {
    const init = stop ? { signal: stop } : {}
    const query = side === 'engine' ? '?side=engine' : ''
    const response = await callApi(`/captures/${encodeURIComponent(capture)}${query}`, init)
    if (!response.ok) return (await errorOf(response)).message || `status ${response.status}`
    return parseRecording(await response.text())
  } catch (error) {
    return (error as Error).message
  }
}

async function showCapture(capture: string, stop: AbortSignal): Promise<void> {
  const recording = await captured(capture, stop)
  const before = seen.peek()
  if (stop.aborted || before === undefined) return
  if (typeof recording === 'string') {
    seen.value = { ...before, problem: `The capture could not be read: ${recording}` }
    return
  }
  showRecording(recording)
}

/** Shows all of a recording in place of what was seen. */
function showRecording(recording: Recording): void {
  const before = seen.peek()
  if (before === undefined) return
  const frames = framesOf(recording)
  const deltas = frames.flatMap((frame) => summaryOf(frame).deltas)
  seen.value = {
    ...before,
    recording,
    frames,
    packets: recording.packets,
    parts: withDeltas(NOTHING, deltas),
    isWhole: true,
    lost: 0,
    playing: false,
  }
}

/** Reads what the engine sent of a request that was captured. */
export async function showEngineSide({ id, record }: Seen): Promise<void> {
  const capture = record?.capture
  if (capture === undefined) return
  const recording = await captured(capture, undefined, 'engine')
  const now = seen.peek()
  if (now?.id !== id) return
  if (typeof recording === 'string') seen.value = { ...now, received: [] }
  else seen.value = { ...now, received: framesOf(recording) }
}

function framesOf(recording: Recording): Frame[] {
  const splitter = new FrameSplitter()
  const decoder = new TextDecoder()
  const frames = recording.packets.flatMap(({ at, bytes }) =>
    splitter.push(at, decoder.decode(bytes, { stream: true })),
  )
  return [...frames, ...splitter.end(recording.end.at)]
}
