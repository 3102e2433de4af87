import { toDisplace } from '../../util/fair-queue.ts'
import { MovingAverage } from '../../util/moving-average.ts'
import type { ApiError } from '../../wire/errors/api-error.ts'
import type { CallOptions } from '../engine.ts'
import { ASSUMED_DURATION, displacedByOther, queueFull } from '../pool/queue-full.ts'
import { SlotQueue, type SlotQueueEntry } from '../pool/slot-queue.ts'

interface Waiter extends SlotQueueEntry {
  /** The model to load; a waiter for the same model can reuse what is being loaded. */
  model: string
  onSlot: () => void
  /** Called where it is removed from the queue. */
  onRefusal: (refusal: ApiError) => void
}

/** Exclusive use of the GPU. */
export interface GpuSlot {
  /** Whether the next waiter needs the same model. */
  isNextForSameModel(): boolean
  /** Passes the GPU to the next waiter. Later calls do nothing. */
  release(): void
}

/**
 * Gives the GPU to one request at a time: callers in turn, requests in the background last, and in the
 * order of arrival otherwise.
 */
export class GpuQueue {
  readonly #maxQueued: number
  readonly #queue = new SlotQueue<Waiter>()
  readonly #averageDuration = new MovingAverage(ASSUMED_DURATION)
  #isBusy = false

  /** `maxQueued`: the most requests that may wait. */
  constructor(maxQueued: number) {
    this.#maxQueued = maxQueued
  }

  get isFree(): boolean {
    return !this.#isBusy
  }

  /**
   * Resolves when the GPU is free for this request. Rejects with an `ApiError` (503) where the
   * queue is full, or a request of a caller with fewer takes its place in the full queue; or with the
   * signal's reason where it aborts in the queue.
   */
  acquire(
    model: string,
    signal: AbortSignal,
    { caller = '', isBackground }: Pick<CallOptions, 'caller' | 'isBackground'> = {},
  ): Promise<GpuSlot> {
    if (signal.aborted) return Promise.reject(signal.reason)
    if (!this.#isBusy) return Promise.resolve(this.#assign(model))
    const refusal = isBackground ? undefined : this.#makeRoom(caller)
    if (refusal !== undefined) return Promise.reject(refusal)
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.#queue.remove(waiter)
        reject(signal.reason)
      }
      const waiter: Waiter = {
        caller,
        isBackground,
        members: [this],
        model,
        onSlot: () => {
          signal.removeEventListener('abort', leave)
          resolve(this.#assign(model))
        },
        onRefusal: (refusal) => {
          signal.removeEventListener('abort', leave)
          reject(refusal)
        },
      }
      signal.addEventListener('abort', leave, { once: true })
      this.#queue.push(waiter)
    })
  }

  /** Refuses the newest request of the caller with the most; returns the refusal of the new one. */
  #makeRoom(caller: string): ApiError | undefined {
    const waiting = this.#queue.interactive()
    const queued = waiting.length
    if (queued < this.#maxQueued) return undefined
    const displaced = toDisplace(waiting, caller)
    const refused = displaced?.caller ?? caller
    const own = refused === '' ? 0 : waiting.filter((each) => each.caller === refused).length
    const { value: duration } = this.#averageDuration
    const load = { queued, own, ahead: queued + 1, concurrency: 1, duration }
    if (displaced === undefined) return queueFull(load)
    this.#queue.remove(displaced)
    displaced.onRefusal(displacedByOther(load))
    return undefined
  }

  #assign(model: string): GpuSlot {
    this.#isBusy = true
    const startedAt = performance.now()
    let hasEnded = false
    return {
      isNextForSameModel: () => this.#queue.peek()?.model === model,
      release: () => {
        if (hasEnded) return
        hasEnded = true
        this.#averageDuration.add((performance.now() - startedAt) / 1000)
        this.#isBusy = false
        this.#queue.takeNext(this)?.onSlot()
      },
    }
  }
}
