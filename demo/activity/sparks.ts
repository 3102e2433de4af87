/** Draws the pauses between tokens: all rows that changed, once a frame. */
import { STALL } from '../../src/wire/activity/stall.ts'
import type { Trace } from './trace.ts'

const BAR = 2
const STEP = 3
/** A pause of so many milliseconds is as high as the canvas. */
const TOP = 10_000

const traces = new Map<HTMLCanvasElement, Trace>()
const stale = new Set<HTMLCanvasElement>()
let colours: { bar: string; stall: string; beat: string } | undefined

/** Shows a trace in a canvas until the returned function is called. */
export function showTrace(canvas: HTMLCanvasElement, trace: Trace): () => void {
  traces.set(canvas, trace)
  drawSoon(canvas)
  return () => {
    traces.delete(canvas)
    stale.delete(canvas)
  }
}

export function drawSoon(canvas: HTMLCanvasElement): void {
  if (stale.size === 0) requestAnimationFrame(drawAll)
  stale.add(canvas)
}

function drawAll(): void {
  colours ??= readColours()
  for (const canvas of stale) {
    const trace = traces.get(canvas)
    if (trace) draw(canvas, trace, colours)
  }
  stale.clear()
}

function draw(canvas: HTMLCanvasElement, trace: Trace, colour: NonNullable<typeof colours>): void {
  const context = canvas.getContext('2d')
  if (context === null) return
  // In CSS pixels, as the canvas has as many pixels as the screen.
  const scale = devicePixelRatio
  const width = canvas.width / scale
  const height = canvas.height / scale
  context.setTransform(scale, 0, 0, scale, 0, 0)
  context.clearRect(0, 0, width, height)
  const count = Math.min(trace.gaps.length, Math.floor(width / STEP))
  const from = trace.gaps.length - count
  const room = height - 4
  for (let index = 0; index < count; index++) {
    const gap = trace.gaps[from + index] ?? 0
    const x = width - (count - index) * STEP
    // Pauses of 1 ms and of 10 s in one picture: their logarithms, the same in every row.
    const share = Math.min(1, Math.log1p(gap) / Math.log1p(TOP))
    const high = Math.max(1, Math.round(share * room))
    context.fillStyle = gap >= STALL ? colour.stall : colour.bar
    context.fillRect(x, room - high, BAR, high)
    if ((trace.beats[from + index] ?? 0) > 0) {
      context.fillStyle = colour.beat
      context.fillRect(x - 0.5, height - 3, BAR + 1, 3)
    }
  }
}

function readColours(): NonNullable<typeof colours> {
  // A colour of light-dark() is one only where it is used.
  const probe = document.createElement('span')
  document.body.append(probe)
  const colourOf = (name: string) => {
    probe.style.color = `var(${name})`
    return getComputedStyle(probe).color
  }
  const all = { bar: colourOf('--accent'), stall: colourOf('--bad'), beat: colourOf('--weak') }
  probe.remove()
  return all
}

matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
  colours = undefined
  for (const canvas of traces.keys()) drawSoon(canvas)
})
