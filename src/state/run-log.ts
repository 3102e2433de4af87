/**
 * What instances share of streams that can be resumed: the events of each run, its state, and who produces
 * it. The default is memory (`memory-run-log.ts`); other logs pass the same tests.
 *
 * One instance produces a run: it holds the owner's lease, and an epoch that later owners raise, so that one
 * who was taken for dead and comes back can't write any more. Events are numbered from 0 without gaps.
 */

/** Which run: nobody but its owner can find it. */
export interface RunKey {
  /** The name of the key that began it; empty where there are no keys. */
  owner: string
  /** Not guessable: `strm_…`, or the id of a response. */
  id: string
}

/** What is known of a run when it begins. */
export interface RunInfo {
  /** The API it was asked in; the error that ends a lost run is written in this one. */
  api: RunApi
  /** The content type of its events. */
  contentType: string
  /** Whether each event has a line `id:` with its number. */
  hasIds: boolean
  /** Whether it goes on for as long as it takes although nobody reads it. */
  isBackground: boolean
  /** The instance that produces it. */
  instance: string
  /** Milliseconds since 1970, by the clock of the store. */
  createdAt?: number
}

/** The API in which an answer was asked for: the form of its events. */
export type RunApi = 'chat' | 'completions' | 'messages' | 'responses' | 'ollama'

/**
 * - `running`: its producer lives, or its lease has not ended yet.
 * - `finished`, `failed`, `stopped`: its last event is in the log.
 */
export type RunState = 'running' | 'finished' | 'failed' | 'stopped'

/** The answer to whoever produces a run. */
export type Produced =
  | {
      kind: 'held'
      /** The number that the log's next event will have: everything below is stored. */
      next: number
      /** Whether somebody asked to stop it. */
      isStopped: boolean
      /** Milliseconds since somebody last read it from another instance; undefined where nobody has. */
      readAgo: number | undefined
    }
  /** Another one owns it now, or it was ended or deleted: nothing was written. */
  | { kind: 'lost' }

/** Some events of a run, in order. */
export interface RunPart {
  info: RunInfo
  state: RunState
  /** The number of the first event that is still stored. */
  first: number
  /** The number that the log's next event will have. */
  next: number
  /** Events from the number that was asked for on, as they were sent: some, not necessarily all. */
  frames: string[]
  /** Whether it still runs, but the lease of its producer has ended. */
  isOrphan: boolean
  /** Whether it was asked to stop. */
  isStopped: boolean
}

/** There is a run with that id already. */
export class RunTakenError extends Error {
  override readonly name = 'RunTakenError'

  constructor({ id }: RunKey) {
    super(`run log: expected a new id, got ${id}, which is taken; use another one.`)
  }
}

/** Milliseconds for which a producer owns a run without appending or renewing. */
export const RUN_LEASE = 8_000
/**
 * Milliseconds after which a producer that has nothing to append renews its lease: its answer tells what the
 * hint of another instance may not have, and who stops a run waits for that no longer than a second.
 */
export const RUN_RENEWAL = 900

/** Bounds of one run in a log. */
export interface RunLimits {
  /** UTF-8 bytes of events; beyond that the oldest are discarded. */
  bytes: number
  /** Milliseconds for which a run can be read after its last event. */
  keepMs: number
}

/** What has happened to a run: events or its end, or somebody asked to stop it, or deleted it. */
export type RunChange = 'events' | 'stopped'

/**
 * Logs of runs. A call that fails rejects; whoever produces a run keeps the events that were not stored, and
 * appends them later. Each call may be sent twice.
 */
export interface RunLog {
  /**
   * Begins a run, owned by the caller with epoch 1. Rejects where there is one with this id, or was one until
   * somebody deleted it: a producer that finds its log gone opens it again, and must not bring back what was
   * deleted.
   */
  open(run: RunKey, info: RunInfo, limits: RunLimits): Promise<void>
  /**
   * Appends events, the first of which has the number `first`. Those that the log has are skipped; where some
   * before `first` are missing, nothing is written, and `next` of the answer says where to begin again.
   * Without events it renews the lease. `end` ends the run with its last event. Where `isBeginning`, events
   * before `first` that the log lacks exist nowhere any more: it discards what it has and begins with `first`.
   * Sent again after the end with events that the log has, it is held.
   */
  append(
    run: RunKey,
    epoch: number,
    first: number,
    frames: readonly string[],
    end?: RunState,
    isBeginning?: boolean,
  ): Promise<Produced>
  /**
   * The events from `from` on, none where `from` is before the first stored one; undefined where there is no
   * such run. Marks the run as read now, unless `isPeek`.
   */
  read(run: RunKey, from: number, isPeek?: boolean): Promise<RunPart | undefined>
  /** Asks the producer to stop. Returns the state; undefined where there is no such run. */
  stop(run: RunKey): Promise<RunState | undefined>
  /**
   * Ends a run whose producer's lease has ended with one last event, as failed. `last` makes it for the
   * number it will have. Does nothing where the producer lives, or where another one was first.
   */
  bury(run: RunKey, last: (number: number) => string): Promise<void>
  /** Deletes it; its producer is told at its next append that it is lost. Returns whether there was one. */
  delete(run: RunKey): Promise<boolean>
  /**
   * Calls `onChange` soon after something was appended, stopped or deleted, by any instance; not for renewals.
   * A hint: it can be lost, so whoever waits looks again after a second. Returns how to end it.
   */
  watch(run: RunKey, onChange: (change: RunChange) => void): () => void
}
