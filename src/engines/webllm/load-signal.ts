import type { GpuSlot } from './gpu-queue.ts'

/** A signal for loading a model: it does not abort if the next waiter needs the same model. */
export function loadSignal(slot: GpuSlot, signal: AbortSignal): AbortSignal {
  const control = new AbortController()
  const leave = () => {
    if (!slot.isNextForSameModel()) control.abort(signal.reason)
  }
  signal.addEventListener('abort', leave, { once: true })
  if (signal.aborted) leave()
  return control.signal
}
