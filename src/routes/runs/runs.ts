/** The runs of one process: those that it produces, and where the others are found. */
import { type LocalRunLog, memoryRunLog } from '../../state/memory-run-log.ts'
import { memoryResponseStore, type ResponseStore, storeKey } from '../../state/response-store.ts'
import type { RunKey, RunLog, RunPart } from '../../state/run-log.ts'
import { withTimeout } from '../../util/with-timeout.ts'
import type { DocLink } from '../../wire/errors/api-error.ts'
import type { ResponseObject } from '../../wire/responses/request.ts'
import { failedResponse, instanceLost, isLost, lastEvent } from './last-event.ts'
import { type Places, shortageOf, tooManyInBackground } from './places.ts'
import type { Batches } from './replicator.ts'
import { Run, type RunOptions } from './run.ts'
import { freshPrefix } from './stream-id.ts'

/** Where responses are stored, and where what can be resumed is found. */
export interface StoredResponses {
  store: ResponseStore
  /** Undefined where nothing runs on that no connection waits for. */
  runs: Runs | undefined
}

export function memoryResponses(shared?: RunLog): StoredResponses {
  return { store: memoryResponseStore(), runs: new Runs(shared) }
}

/** Where a run is read. */
export interface FoundRun {
  log: RunLog
  /** The run, where this process produces it now. */
  run: Run | undefined
  /** Whether other instances can read the log too. */
  isShared: boolean
}

export interface RunsOptions {
  /** The id that a run gets, where there is one run only. */
  id?: string
  /** How many events are copied to the shared log at once. */
  batches?: Batches
  /** The runs that take places, where others run beside those that are here. */
  places?: Set<Run>
}
const AWAY = 'away'

/**
 * Milliseconds between the looks for a run that has just begun, and is not in the shared log: its instance may not
 * reach the store at its first attempt. A response that is not found may have been deleted, which nothing else is.
 */
const LOOK_AGAIN_AFTER = { resp: [50, 150, 400, 900], strm: [50, 150, 400, 900, 1_500] }

/** Shared by a handler and the one that replaces it, so that a reload ends none. */
export class Runs {
  readonly shared: RunLog | undefined
  readonly local: LocalRunLog = memoryRunLog({ lease: Number.POSITIVE_INFINITY })
  /** The id of the one run that there is here; undefined where there are any. */
  readonly id: string | undefined
  readonly #batches: Batches | undefined
  readonly #places: Set<Run> | undefined
  readonly #running = new Map<string, Run>()
  /** The clients that read here what other instances produce, or have produced. */
  readonly #readers = new Set<{ move(): void }>()
  /** Those whose events are not all in the shared log. */
  readonly #storing = new Set<Run>()

  /** `shared`: the log that instances share. */
  constructor(shared?: RunLog, { id, batches, places }: RunsOptions = {}) {
    this.shared = shared
    this.id = id
    this.#batches = batches
    this.#places = places
  }

  /** How many this process produces now. */
  get size(): number {
    return this.#running.size
  }

  get running(): Iterable<Run> {
    return this.#running.values()
  }

  /** The runs that take a place: those in the background, or the others. */
  taken(isBackground: boolean): Run[] {
    return [...(this.#places ?? this.running)].filter(
      ({ options }) => options.info.isBackground === isBackground,
    )
  }

  /**
   * Throws an `ApiError` (503) where no place is left for one more in the background.
   */
  requireRoom(owner: string, places: Places, silence?: number): void {
    if (silence !== undefined) this.#forgetSilent(silence)
    const shortage = shortageOf(owner, this.taken(true), places)
    if (shortage) throw tooManyInBackground(shortage, places.places)
  }

  /** Whether a place is left for one more stream that can be resumed. */
  hasRoom(owner: string, places: Places, silence?: number): boolean {
    if (silence !== undefined) this.#forgetSilent(silence)
    return shortageOf(owner, this.taken(false), places) === undefined
  }

  begin(options: Omit<RunOptions, 'local' | 'shared' | 'batches'>): Run {
    const { local, shared } = this
    const batches = this.#batches
    const name = nameOf(options.key)
    const onEnd: RunOptions['onEnd'] = (state) => {
      this.#running.delete(name)
      this.#places?.delete(run)
      options.onEnd(state)
    }
    const run: Run = new Run({ ...options, local, shared, batches, onEnd })
    this.#running.set(name, run)
    this.#places?.add(run)
    if (run.stored) {
      this.#storing.add(run)
      void run.stored.then(() => this.#storing.delete(run))
    }
    return run
  }

  /** The run that this process produces now. */
  get(key: RunKey): Run | undefined {
    return this.#running.get(nameOf(key))
  }

  /** Where it can be read; undefined where there is none. Rejects where the shared log does not answer. */
  async find(key: RunKey): Promise<(FoundRun & { part: RunPart }) | undefined> {
    const { local, shared } = this
    const run = this.get(key)
    const here = await local.read(key, 0, true)
    if (here && shared && !run && (await this.#isDeleted(key, here))) return undefined
    if (here) return { log: local, run, isShared: shared !== undefined, part: here }
    const there = shared && (await soon(key, () => shared.read(key, 0, true)))
    return there && { log: shared, run: undefined, isShared: true, part: there }
  }

  /** Whether another instance has deleted a response that ended here. */
  async #isDeleted(key: RunKey, { info }: RunPart): Promise<boolean> {
    if (info.api !== 'responses') return false
    // While the store is away, nobody can delete it there.
    const there = await this.shared?.read(key, 0, true).catch(() => AWAY)
    if (there !== undefined) return false
    await this.local.delete(key)
    return true
  }

  /** Stops its engine, wherever that is. Undefined where there is no such run. */
  async stop(key: RunKey): Promise<RunPart['state'] | undefined> {
    const run = this.get(key)
    run?.stop()
    const found = await this.local.stop(key)
    const { shared } = this
    return found ?? (shared && soon(key, () => shared.stop(key)))
  }

  /** Stops it, and deletes its events. It takes a place until the engine has stopped. */
  async delete(key: RunKey): Promise<void> {
    this.get(key)?.stop()
    await Promise.all([this.local.delete(key), this.shared?.delete(key)])
  }

  /**
   * Ends a run of the shared log whose producer is gone, and its stored response. Returns whether it was this
   * process that did.
   */
  async bury(
    key: RunKey,
    { info }: RunPart,
    store: ResponseStore,
    docs?: DocLink,
  ): Promise<boolean> {
    const { shared } = this
    if (shared === undefined) return false
    const error = instanceLost()
    const isResponse = info.api === 'responses'
    const [first] = isResponse ? ((await shared.read(key, 0, true))?.frames ?? []) : []
    let isMine = false
    await shared.bury(key, (number) => {
      isMine = true
      return lastEvent(key, info, error, { number, first, docs })
    })
    if (!isResponse) return isMine
    const part = await shared.read(key, Number.MAX_SAFE_INTEGER, true)
    // Its producer may have come back.
    if (part && (await isLost({ log: shared }, key, part))) await this.endLost(key, store, docs)
    return isMine
  }

  /** Ends the stored response of a run that was lost, if nobody has. Returns it, if it is stored. */
  async endLost(
    { owner, id }: RunKey,
    store: ResponseStore,
    docs?: DocLink,
  ): Promise<ResponseObject | undefined> {
    const stored = await store.get(owner, id)
    if (stored === undefined || !isOpen(stored.response)) return stored?.response
    const response = failedResponse(stored.response, instanceLost(), docs)
    await store.update(owner, { ...stored, response })
    return response
  }

  /** The instance is about to stop: its followers go on at another one, where there is one. */
  move(): void {
    if (this.shared === undefined) return
    for (const run of this.#storing) run.leave()
    for (const run of this.running) for (const follower of run.followers) follower.move()
    for (const follower of this.#readers) follower.move()
  }

  /** Waits for at most so many milliseconds until the events of those that have ended are stored. */
  async flush(ms: number): Promise<void> {
    const all = [...this.#storing].map(({ stored }) => stored)
    if (all.length > 0) await withTimeout(ms, Promise.all(all))
  }

  /** A client follows what another instance produces. */
  addReader(follower: { move(): void; done: Promise<void> }): void {
    this.#readers.add(follower)
    void follower.done.then(() => this.#readers.delete(follower))
  }

  #forgetSilent(silence: number): void {
    const since = performance.now() - silence
    for (const run of this.running) if (run.writtenAt < since) run.abandon()
  }
}

/** Asks again where there is nothing: the instance that has just begun a run may not have stored that yet. */
async function soon<T>({ id }: RunKey, ask: () => Promise<T | undefined>): Promise<T | undefined> {
  let answer = await ask()
  const prefix = freshPrefix(id)
  for (const pause of prefix === undefined ? [] : LOOK_AGAIN_AFTER[prefix]) {
    if (answer !== undefined) break
    await new Promise((resolve) => setTimeout(resolve, pause))
    answer = await ask()
  }
  return answer
}

/** Whether it has not ended. */
export function isOpen({ status }: Pick<ResponseObject, 'status'>): boolean {
  return status === 'in_progress' || status === 'queued'
}

function nameOf({ owner, id }: RunKey): string {
  return storeKey(owner, id)
}
