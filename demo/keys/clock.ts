/** The time for texts that say how long something takes: it passes only while something shows it. */
import { signal } from '@preact/signals'
import { useEffect } from 'preact/hooks'

/** By `performance.now()`; changes once a second while a view wants it and the page is in sight. */
export const clock = signal(performance.now())

const wish = matchMedia('(prefers-reduced-motion: reduce)')

/** Whether the user wants no motion. */
export const isCalm = signal(wish.matches)

wish.addEventListener('change', () => {
  isCalm.value = wish.matches
})

/** Lets the time pass while the calling view is shown and `isWanted`. */
export function useClock(isWanted: boolean): void {
  useEffect(() => {
    clock.value = performance.now()
    if (!isWanted) return
    const timer = setInterval(() => {
      if (!document.hidden) clock.value = performance.now()
    }, 1_000)
    return () => clearInterval(timer)
  }, [isWanted])
}
