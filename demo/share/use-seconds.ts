import { signal } from '@preact/signals'
import { useEffect } from 'preact/hooks'

/** Unix time in milliseconds, as of the last second while a view needs it. */
const now = signal(Date.now())

/** Keeps `now` up to date while the calling view is shown. */
export function useSeconds(): void {
  useEffect(() => {
    now.value = Date.now()
    const timer = setInterval(() => {
      now.value = Date.now()
    }, 1_000)
    return () => clearInterval(timer)
  }, [])
}

/** Seconds until then; 0 when it is over. */
export function secondsUntil(at: number): number {
  return Math.max(0, Math.ceil((at - now.value) / 1_000))
}
