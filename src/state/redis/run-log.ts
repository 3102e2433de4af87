/** Logs of runs in Redis, which all instances read. */
import {
  type Produced,
  RUN_LEASE,
  type RunChange,
  type RunInfo,
  type RunKey,
  type RunLimits,
  type RunLog,
  type RunPart,
  type RunState,
  RunTakenError,
} from '../run-log.ts'
import { ByteGate } from './byte-gate.ts'
import { Departures } from './departures.ts'
import { meansFull } from './error-replies.ts'
import type { Outages } from './outages.ts'
import { type RedisPort, type RedisReply, StateAwayError } from './port.ts'
import { batchedCalls, type CallOfBatches, decodeBatch, encodeBatch } from './run-batches.ts'
import { type RunNames, runNames } from './run-names.ts'
import {
  appendScript,
  buryScript,
  deleteScript,
  openScript,
  readScript,
  renewScript,
  stopScript,
} from './run-scripts.ts'
import { RunWatchers } from './run-watchers.ts'

/** Bytes of events that are read at once, unless a single batch has more. */
const READ_BYTES = 65_536

/** Milliseconds between two moments at which appends are sent; those who read elsewhere wait so much longer. */
const GATHER = 10

/** Bytes of events that are sent to the server at once, by all runs together. */
const BYTES_ON_WAY = 1_048_576

/** Milliseconds for which a run that was deleted can't be opened again, at least: its producer may be slow. */
const DELETED_FOR = 60_000

/** Calls that may be needed where one append repeats the last of another: the first tells what is there. */
const MOST_CUTS = 3

/** Runs whose opening is not known to have succeeded, each of which may be opened again. */
const MOST_OPENING = 1_000

/** Beyond the number of any event. */
const PAST_ALL = Number.MAX_SAFE_INTEGER

export interface RedisRunLogOptions {
  /** Milliseconds for which a producer owns a run without appending or renewing. */
  lease?: number
  /** Milliseconds for which appends may wait to be sent together with others; 10 by default. */
  gatherMs?: number
  /** When the store was away: no run is taken for lost soon after that. */
  outages?: Pick<Outages, 'mayHaveMissedRenewals' | 'mayLackRuns'>
}

/**
 * Logs of runs in Redis. Each call is one script, except a `bury`, which reads before it writes, and an `append` of
 * more than 256 KiB. A call that the server does not answer in time rejects with a `StateAwayError`.
 *
 * @example
 * const log = redisRunLog(connection)
 * await log.open({ owner: 'alice', id: 'strm_1' }, info, { bytes: 4_194_304, keepMs: 600_000 })
 */
export function redisRunLog(port: RedisPort, options: RedisRunLogOptions = {}): RunLog {
  return new RedisRunLog(port, options)
}

class RedisRunLog implements RunLog {
  readonly #port: RedisPort
  readonly #lease: number
  readonly #names = new WeakMap<RunKey, Promise<RunNames>>()
  readonly #outages: RedisRunLogOptions['outages']
  readonly #watchers: RunWatchers
  readonly #departures: Departures
  readonly #gate = new ByteGate(BYTES_ON_WAY)
  /** The token of each `open` whose reply was lost: sent again with it, it finds its own run. */
  readonly #opening = new Map<string, string>()

  constructor(port: RedisPort, options: RedisRunLogOptions) {
    this.#port = port
    this.#lease = options.lease ?? RUN_LEASE
    this.#departures = new Departures(options.gatherMs ?? GATHER)
    this.#outages = options.outages
    this.#watchers = new RunWatchers(port)
  }

  async open(key: RunKey, info: RunInfo, { bytes, keepMs }: RunLimits): Promise<void> {
    const names = await this.#namesOf(key)
    const token = this.#opening.get(names.run) ?? crypto.randomUUID()
    if (this.#opening.size >= MOST_OPENING) this.#opening.clear()
    this.#opening.set(names.run, token)
    const args = [JSON.stringify(info), token, bytes, keepMs, this.#lease]
    const isOpen = await this.#port.eval(openScript, [names.run, names.events], args)
    this.#opening.delete(names.run)
    if (isOpen !== 1) throw new RunTakenError(key)
    this.#watchers.own(names.run)
  }

  async append(
    key: RunKey,
    epoch: number,
    first: number,
    frames: readonly string[],
    end?: RunState,
    isBeginning = false,
  ): Promise<Produced> {
    const names = await this.#namesOf(key)
    let at = first
    let produced: Produced = { kind: 'lost' }
    const calls = batchedCalls(frames)
    for (const [index, call] of calls.entries()) {
      const isLast = index === calls.length - 1
      const ending = isLast && end !== 'running' ? end : undefined
      const rest = calls.length === 1 ? frames : frames.slice(at - first, at - first + call.count)
      const begins = isBeginning && index === 0
      produced = await this.#appendOnce(names, {
        epoch,
        first: at,
        frames: rest,
        call,
        ending,
        begins,
      })
      if (produced.kind === 'lost') this.#watchers.disown(names.run)
      at += call.count
      // Something before it is missing: what follows can't be written either.
      if (produced.kind === 'lost' || produced.next < at) return produced
    }
    if (frames.length > 0 || end !== undefined) this.#watchers.changed(names.run)
    if (end !== undefined && end !== 'running') this.#watchers.disown(names.run)
    return produced
  }

  /** Leaves out the events that the log has: a call may repeat some, and bring new ones. */
  async #appendOnce(names: RunNames, { frames, ...given }: Appended): Promise<Produced> {
    let call = given.call
    let { first } = given
    for (let cuts = 0; cuts < MOST_CUTS; cuts++) {
      const reply = await this.#send(names, { ...given, first, call })
      if (reply[0] === 0) return { kind: 'lost' }
      const [kind, next = 0, isStopped, ago = -1] = reply as number[]
      const readAgo = ago < 0 ? undefined : ago
      if (kind === 1) return { kind: 'held', next, isStopped: isStopped === 1, readAgo }
      const rest = frames.slice(next - given.first)
      call = batchedCalls(rest)[0] as CallOfBatches
      first = next
    }
    throw new Error('run log: expected one producer of a run, got several with the same epoch.')
  }

  /** A producer uses the same key again and again. */
  #namesOf(key: RunKey): Promise<RunNames> {
    const known = this.#names.get(key)
    if (known) return known
    const names = runNames(key.owner, key.id)
    this.#names.set(key, names)
    return names
  }

  async #send(names: RunNames, sent: Sent): Promise<readonly RedisReply[]> {
    const { epoch, first, ending, begins } = sent
    const keys = [names.run, names.events] as const
    const { batches, count } = sent.call
    if (batches.length > 0) await this.#departures.wait()
    const script = batches.length === 0 && ending === undefined ? renewScript : appendScript
    const rest = [this.#lease, names.channel, names.control]
    const args = [epoch, first, count, ending ?? '', begins ? 1 : 0, ...rest]
    for (const batch of batches) args.push(batch.count, batch.text)
    try {
      const bytes = batches.reduce((sum, batch) => sum + batch.bytes, 0)
      const call = () => this.#port.eval(script, keys, args)
      return (await (bytes === 0 ? call() : this.#gate.run(bytes, call))) as RedisReply[]
    } catch (error) {
      if (!isFull(error)) throw error
      // Its lease must not end because nothing can be stored, and a stop must reach it.
      const reply = await this.#port.eval(renewScript, keys, [epoch, 0, 0, '', 0, ...rest])
      const [kind, , isStopped] = reply as number[]
      if (kind !== 1 || isStopped === 1) return reply as RedisReply[]
      throw error
    }
  }

  async read(key: RunKey, from: number, isPeek = false): Promise<RunPart | undefined> {
    const { run, events } = await this.#namesOf(key)
    const args = [from, isPeek ? 1 : 0, this.#lease, READ_BYTES]
    const reply = await this.#port.eval(readScript, [run, events], args)
    const part = reply === null ? undefined : partOf(reply as RedisReply[], from)
    if (part === undefined && this.#outages?.mayLackRuns) {
      throw new StateAwayError(
        'state: the store was replaced, and may learn of the run in a moment.',
      )
    }
    // Its producer may just not have been able to renew its lease.
    if (part?.isOrphan && this.#outages?.mayHaveMissedRenewals) return { ...part, isOrphan: false }
    return part
  }

  async stop(key: RunKey): Promise<RunState | undefined> {
    const { run, channel, control } = await this.#namesOf(key)
    const state = await this.#port.eval(stopScript, [run], [channel, control])
    return state === null ? undefined : (state as RunState)
  }

  async bury(key: RunKey, last: (number: number) => string): Promise<void> {
    const part = await this.read(key, PAST_ALL, true)
    if (!part?.isOrphan) return
    const { next } = part
    const { run, events, channel, control } = await this.#namesOf(key)
    const args = [next, encodeBatch([last(next)]), this.#lease, channel, control]
    await this.#port.eval(buryScript, [run, events], args)
  }

  async delete(key: RunKey): Promise<boolean> {
    const { run, events, channel, control } = await this.#namesOf(key)
    const deleted = await this.#port.eval(
      deleteScript,
      [run, events],
      [DELETED_FOR, channel, control],
    )
    this.#watchers.disown(run)
    return deleted === 1
  }

  watch(key: RunKey, onChange: (change: RunChange) => void): () => void {
    return this.#watchers.add(this.#namesOf(key), onChange)
  }
}

interface Sent {
  epoch: number
  first: number
  call: CallOfBatches
  ending: RunState | undefined
  begins: boolean
}

interface Appended extends Sent {
  frames: readonly string[]
}

/** Whether the server has no memory left. */
function isFull(error: unknown): boolean {
  return error instanceof StateAwayError && error.cause instanceof Error && meansFull(error.cause)
}

function partOf(reply: readonly RedisReply[], from: number): RunPart {
  const [info, created, state, first, next, isOrphan, isStopped, ...batches] = reply
  const part: RunPart = {
    info: { ...(JSON.parse(info as string) as RunInfo), createdAt: Number(created) },
    state: state as RunState,
    first: first as number,
    next: next as number,
    frames: [],
    isOrphan: isOrphan === 1,
    isStopped: isStopped === 1,
  }
  for (let at = 0; at < batches.length; at += 2) {
    const frames = decodeBatch(batches[at + 1] as string)
    const begin = (batches[at] as number) - frames.length + 1
    // Its events were evicted, although the server was asked to evict nothing, and newer ones were appended.
    if (at === 0 && begin > from) return { ...part, first: begin }
    part.frames.push(...(begin < from ? frames.slice(from - begin) : frames))
  }
  const isMissing = part.frames.length === 0 && from >= part.first && from < part.next
  return isMissing ? { ...part, first: part.next } : part
}
