import { useSignalEffect } from '@preact/signals'
import { useLayoutEffect, useRef } from 'preact/hooks'
import { drawSoon, showTrace } from './sparks.ts'
import type { Row } from './store.ts'

/** In CSS pixels, as activity.css has them. */
const SIZE = { width: 132, height: 26 }

/** The last pauses between tokens as bars, with a tick below for each heartbeat. */
export function Sparkline({ row }: { row: Row }) {
  const place = useRef<HTMLCanvasElement>(null)
  useLayoutEffect(() => {
    if (place.current) return showTrace(place.current, row.trace)
    return undefined
  }, [row])
  useSignalEffect(() => {
    if (row.record.value && place.current) drawSoon(place.current)
  })
  const scale = devicePixelRatio
  return (
    <canvas class="spark" ref={place} width={SIZE.width * scale} height={SIZE.height * scale} />
  )
}
