import { FairQueue, type FairQueueEntry } from '../../util/fair-queue.ts'
import { MovingAverage } from '../../util/moving-average.ts'
import { ASSUMED_DURATION, queueFull } from '../pool/queue-full.ts'

interface Waiter extends FairQueueEntry {
  /** The model to load; a waiter for the same model can reuse what is being loaded. */
  model: string
  onSlot: () => void
}

/** Exclusive use of the GPU. */
export interface GpuSlot {
  /** Whether the next waiter needs the same model. */
  isNextForSameModel(): boolean
  /** Passes the GPU to the next waiter. Later calls do nothing. */
  release(): void
}

/** Gives the GPU to one request at a time, in the order of arrival. */
export class GpuQueue {
  readonly #maxQueued: number
  readonly #queue = new FairQueue<Waiter>()
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
   * queue is full, or with the signal's reason where it aborts in the queue.
   */
  acquire(model: string, signal: AbortSignal): Promise<GpuSlot> {
    if (signal.aborted) return Promise.reject(signal.reason)
    if (!this.#isBusy) return Promise.resolve(this.#assign(model))
    const { size } = this.#queue
    if (size >= this.#maxQueued)
      return Promise.reject(queueFull(size, size + 1, 1, this.#averageDuration.value))
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.#queue.remove(waiter)
        reject(signal.reason)
      }
      const waiter: Waiter = {
        caller: '',
        model,
        onSlot: () => {
          signal.removeEventListener('abort', leave)
          resolve(this.#assign(model))
        },
      }
      signal.addEventListener('abort', leave, { once: true })
      this.#queue.push(waiter)
    })
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
        this.#queue.takeNext()?.onSlot()
      },
    }
  }
}
