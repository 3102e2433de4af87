/** The time as rows show it: once a second, and only while a row needs it. */
import { signal } from '@preact/signals'
import { useEffect } from 'preact/hooks'

export const now = signal(performance.now())

let users = 0
let timer: ReturnType<typeof setInterval> | undefined

export function useClock(): void {
  useEffect(() => {
    users++
    timer ??= setInterval(() => {
      now.value = performance.now()
    }, 1_000)
    return () => {
      users--
      if (users > 0) return
      clearInterval(timer)
      timer = undefined
    }
  }, [])
}
