import type { ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { isCalm } from './clock.ts'
import type { Level, LevelNow } from './refill.ts'
import { levelAt } from './refill.ts'

interface MeterProps {
  /** The limit's name, with that of its key for those who hear it: `Requests per minute of laptop`. */
  title: string
  name: string
  limit: number
  left: number
  /** What is left, and until when it is full, in words. */
  text: string
  isOver: boolean
  children: ComponentChildren
}

/** What is left of one limit, as a labelled bar. */
export function Meter({ title, name, limit, left, text, isOver, children }: MeterProps) {
  return (
    <div class={isOver ? 'meter over' : 'meter'}>
      <p>
        <span class="meter-name">{name}</span>
        <span class="meter-left">{text}</span>
      </p>
      <meter
        class="hidden"
        aria-label={title}
        min={0}
        max={limit}
        value={left}
        aria-valuetext={isOver ? `Limit reached, ${text}` : text}
      />
      <div class="meter-bar" aria-hidden="true">
        {children}
      </div>
    </div>
  )
}

/**
 * The bar of a limit that refills: one animation until it is full, which the browser's compositor runs
 * without any script. Where the user wants no motion, it changes once a second with the text.
 */
export function RefillingBar({
  level,
  toldAt,
  now,
}: {
  level: Level
  toldAt: number
  now: LevelNow
}) {
  const bar = useRef<HTMLSpanElement>(null)
  useEffect(() => {
    if (isCalm.value) return
    const elapsed = performance.now() - toldAt
    const { share, fullInMs, debt } = levelAt(level, elapsed)
    if (fullInMs === 0 || bar.current === null) return
    // A limit in debt stays empty until the debt is paid.
    const delay = debt > 0 ? (fullInMs * debt) / (debt + level.limit) : 0
    const animation = bar.current.animate(
      [{ transform: `scaleX(${share})` }, { transform: 'scaleX(1)' }],
      { duration: fullInMs - delay, delay, fill: 'both' },
    )
    return () => animation.cancel()
  }, [level, toldAt, isCalm.value])
  return <span ref={bar} style={{ transform: `scaleX(${now.share})` }} />
}
