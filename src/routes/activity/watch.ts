/** One request as events: what it is like, and its bytes while they come. */
import type { Caller } from '../../guard/caller.ts'
import { steadyText } from '../../telemetry/activity/description.ts'
import { shownTo } from '../../telemetry/activity/feed-reader.ts'
import { RequestWatcher } from '../../telemetry/activity/request-watcher.ts'
import type { TrackedRequest } from '../../telemetry/activity/tracked-request.ts'
import type { Capture } from '../../telemetry/captures/capture.ts'
import { concat } from '../../util/bytes.ts'
import type { Activity } from '../../wire/activity/schema.ts'
import { namedFrame } from '../../wire/sse/sse.ts'
import type { RouteContext } from '../route.ts'
import { eventResponse, type FoundActivity, feedOf, runningActivity } from './access.ts'
import { INTERVAL } from './event-stream.ts'

/** Milliseconds between two writes of bytes; the request itself is told of less often. */
const BYTES_INTERVAL = 100

type Bytes = Uint8Array<ArrayBuffer>

const END = namedFrame('end', '{}')

export function watchRequest(
  found: FoundActivity,
  client: AbortSignal,
  caller: Caller,
  context: RouteContext,
): Response {
  const { running, ended } = found
  if (running === undefined) {
    const events = [activityFrame(ended) + END]
    const source = { next: () => events.pop(), isOver: () => events.length === 0 }
    return eventResponse(source, { client }, caller, context)
  }
  return eventResponse(
    new WatchedRequest(running, caller, context),
    { client, interval: BYTES_INTERVAL },
    caller,
    context,
  )
}

/** The events of a request that runs. */
class WatchedRequest {
  readonly #tracked: TrackedRequest
  readonly #caller: Caller
  readonly #context: RouteContext
  readonly #watcher: RequestWatcher
  #text = ''
  #toldAt = Number.NEGATIVE_INFINITY
  #isOver = false

  constructor(tracked: TrackedRequest, caller: Caller, context: RouteContext) {
    this.#tracked = tracked
    this.#caller = caller
    this.#context = context
    // What the engine sent may tell of the engine.
    const secrets = secretsOf(context.settings.upstream)
    this.#watcher = new RequestWatcher(tracked.request.startedAt, caller.isAdmin, secrets)
  }

  onStart(): void {
    const { capture } = this.#tracked.request
    const captured = this.#context.telemetry.captures?.find(capture ?? '')
    if (captured && this.#caller.isAdmin) showCaptured(captured, this.#watcher)
    this.#tracked.addTap(this.#watcher)
  }

  next(now: number): string | undefined {
    const { outcome } = this.#tracked.request
    const bytes = this.#watcher.take().map(({ event, data }) => {
      return namedFrame(event, JSON.stringify(data))
    })
    const frames = [...bytes, ...this.#news(now, outcome !== undefined)]
    if (outcome !== undefined) {
      this.#isOver = true
      frames.push(END)
    }
    return frames.length > 0 ? frames.join('') : undefined
  }

  isOver(): boolean {
    return this.#isOver
  }

  onEnd(): void {
    this.#tracked.removeTap(this.#watcher)
  }

  #news(now: number, hasEnded: boolean): string[] {
    if (!hasEnded && now - this.#toldAt < INTERVAL) return []
    const activity = hasEnded ? this.#ended() : this.#running()
    const text = steadyText(activity)
    if (text === this.#text) return []
    this.#text = text
    this.#toldAt = now
    return [activityFrame(activity)]
  }

  #running(): Activity {
    return runningActivity(this.#tracked, this.#caller, this.#context)
  }

  /** As it is kept, unless it was not. */
  #ended(): Activity {
    const entry = feedOf(this.#context).ended.get(this.#tracked.request.id)
    return entry ? shownTo(this.#caller, entry.activity) : this.#running()
  }
}

/** The keys and addresses of servers, which nobody is shown. */
function secretsOf(upstreams: readonly { url: string; key?: string | undefined }[]): string[] {
  const texts = upstreams.flatMap(({ url, key = '' }) => [
    key,
    URL.canParse(url) ? new URL(url).host : '',
  ])
  // A host such as `gpu` may be any word.
  return texts.filter((text, at) => text.length > 3 && (at % 2 === 0 || /[.:]/.test(text)))
}

/** Packets that are shown as one event, of those that came before somebody looked. */
const JOINED = 50

/** What was captured of a request so far. */
function showCaptured({ client, engine }: Capture, watcher: RequestWatcher): void {
  for (const [side, show] of [
    [client, (pieces: Bytes[], now: number) => watcher.onSent(pieces, now)],
    [engine, (pieces: Bytes[], now: number) => watcher.onReceived?.(concat(pieces), now)],
  ] as const) {
    const { packets = [], startedAt = 0 } = side ?? {}
    for (let at = 0; at < packets.length; at += JOINED) {
      const some = packets.slice(at, at + JOINED)
      show(
        some.map(({ bytes }) => bytes),
        startedAt + (some[0]?.at ?? 0),
      )
    }
  }
}

function activityFrame(activity: Activity): string {
  return namedFrame('activity', JSON.stringify(activity))
}
