/** A line over two axes, drawn on a canvas. It is small, since plots are a small part of this page. */

export interface LinePlotOptions {
  /** Pixels; the width is that of the place. */
  height: number
  /** Pixels for the values of the vertical axis, and beside the line's end. */
  left: number
  right: number
  lineWidth: number
  /** Whether each point is marked. */
  hasPoints?: boolean
  hasVerticalGrid?: boolean
  /** The axis begins at 0 and ends here, for a largest value. */
  top(largest: number): number
  /** The part of the horizontal axis that is shown, for the first and the last value on it. */
  range(first: number, last: number): readonly [from: number, to: number]
  /** The distances that two values of the horizontal axis may have; by default 1, 2 and 5 times a power of ten. */
  steps?: readonly number[]
  /** What the steps of the horizontal axis are counted from; 0 by default. */
  origin?(at: number): number
  /** The words at the horizontal axis, where its values have this distance. */
  xText(at: number, step: number): string
  yText(value: number): string
  /** Called with the index of the point under the pointer, and with undefined where there is none. */
  onPoint?(index: number | undefined): void
}

export interface LinePlot {
  show(xs: readonly number[], ys: readonly number[]): void
  remove(): void
}

const FONT = '11px system-ui, sans-serif'
const GRID = '#8883'
/** Pixels below the line, for the words, and above it. */
const BOTTOM = 24
const TOP = 8
/** The least pixels between two values of an axis. */
const SPACE = { x: 60, y: 26 }

export function plotLine(place: HTMLElement, options: LinePlotOptions): LinePlot {
  const canvas = document.createElement('canvas')
  canvas.style.display = 'block'
  place.append(canvas)
  let [xs, ys]: [readonly number[], readonly number[]] = [[], []]
  let under: number | undefined
  const draw = () => drawLine(canvas, place, options, { xs, ys, under })
  const point = (index: number | undefined) => {
    if (index === under) return
    under = index
    options.onPoint?.(index)
    draw()
  }
  if (options.onPoint) {
    canvas.addEventListener('pointermove', ({ offsetX }) => {
      const { toX } = scalesOf(place.clientWidth, options, xs, ys)
      point(nearest(xs, (at) => Math.abs(toX(at) - offsetX)))
    })
    canvas.addEventListener('pointerleave', () => point(undefined))
  }
  // A narrow screen shows the plot later than it is made, and windows change their size.
  const resized = new ResizeObserver(draw)
  resized.observe(place)
  const dark = matchMedia('(prefers-color-scheme: dark)')
  dark.addEventListener('change', draw)
  return {
    show(nextXs, nextYs) {
      xs = nextXs
      ys = nextYs
      draw()
    },
    remove() {
      resized.disconnect()
      dark.removeEventListener('change', draw)
      canvas.remove()
    },
  }
}

interface Shown {
  xs: readonly number[]
  ys: readonly number[]
  under: number | undefined
}

function drawLine(
  canvas: HTMLCanvasElement,
  place: HTMLElement,
  options: LinePlotOptions,
  { xs, ys, under }: Shown,
): void {
  const { height, lineWidth, hasPoints } = options
  const width = place.clientWidth
  const context = canvas.getContext('2d')
  if (width === 0 || context === null) return
  const sharpness = devicePixelRatio
  canvas.width = width * sharpness
  canvas.height = height * sharpness
  canvas.style.width = `${width}px`
  canvas.style.height = `${height}px`
  context.scale(sharpness, sharpness)
  if (xs.length === 0) return
  const scales = scalesOf(width, options, xs, ys)
  const { toX, toY } = scales
  // A canvas does not know variables and light-dark(): the style sheet gives these properties.
  const { color, caretColor } = getComputedStyle(place)
  context.font = FONT
  context.fillStyle = color
  drawAxes(context, width, options, scales)
  context.strokeStyle = caretColor
  context.fillStyle = caretColor
  context.lineWidth = lineWidth
  context.lineJoin = 'round'
  context.beginPath()
  for (const [index, at] of xs.entries()) context.lineTo(toX(at), toY(ys[index] ?? 0))
  context.stroke()
  const dot = (index: number, radius: number) => {
    context.beginPath()
    context.arc(toX(xs[index] ?? 0), toY(ys[index] ?? 0), radius, 0, 2 * Math.PI)
    context.fill()
  }
  if (hasPoints) for (const index of xs.keys()) dot(index, 2)
  if (under === undefined || under >= xs.length) return
  stroke(context, [toX(xs[under] ?? 0), TOP], [toX(xs[under] ?? 0), height - BOTTOM], color)
  dot(under, 4)
}

interface Scales {
  x: readonly [from: number, to: number]
  top: number
  toX(at: number): number
  toY(value: number): number
}

function scalesOf(
  width: number,
  { left, right, height, top, range }: LinePlotOptions,
  xs: readonly number[],
  ys: readonly number[],
): Scales {
  const x = range(xs[0] ?? 0, xs.at(-1) ?? 0)
  const most = top(ys.reduce((a, b) => Math.max(a, b), 0))
  const perX = Math.max(width - left - right, 1) / (x[1] - x[0] || 1)
  const perY = (height - TOP - BOTTOM) / (most || 1)
  return {
    x,
    top: most,
    toX: (at) => left + (at - x[0]) * perX,
    toY: (value) => height - BOTTOM - value * perY,
  }
}

function drawAxes(
  context: CanvasRenderingContext2D,
  width: number,
  options: LinePlotOptions,
  { x, top, toX, toY }: Scales,
): void {
  const { left, right, height, steps, origin, xText, yText, hasVerticalGrid } = options
  const [from, to] = x
  const step = stepOf(to - from, (width - left - right) / SPACE.x, steps)
  const start = origin?.(from) ?? 0
  context.textBaseline = 'bottom'
  for (const at of ticks(from - start, to - start, step)) {
    const text = xText(at + start, step)
    const half = context.measureText(text).width / 2
    const middle = Math.min(Math.max(toX(at + start), half), width - half)
    context.textAlign = 'center'
    context.fillText(text, middle, height - 2)
    const end = [toX(at + start), height - BOTTOM] as const
    if (hasVerticalGrid) stroke(context, [end[0], TOP], end, GRID)
  }
  context.textBaseline = 'middle'
  context.textAlign = 'right'
  for (const value of ticks(0, top, stepOf(top, (height - TOP - BOTTOM) / SPACE.y))) {
    context.fillText(yText(value), left - 6, toY(value))
    stroke(context, [left, toY(value)], [width - right, toY(value)], GRID)
  }
}

function stroke(
  context: CanvasRenderingContext2D,
  from: readonly [number, number],
  to: readonly [number, number],
  color: string,
): void {
  context.strokeStyle = color
  context.lineWidth = 1
  context.beginPath()
  context.moveTo(...from)
  context.lineTo(...to)
  context.stroke()
}

/** The least distance of which an axis of this length has at most so many. */
function stepOf(length: number, most: number, steps?: readonly number[]): number {
  const least = length / Math.max(most, 1)
  const power = 10 ** Math.floor(Math.log10(least || 1))
  const found = (steps ?? [1, 2, 5, 10].map((each) => each * power)).find((each) => each >= least)
  return found ?? steps?.at(-1) ?? power
}

function ticks(from: number, to: number, step: number): number[] {
  const first = Math.ceil(from / step)
  // Beyond the last of the given steps an axis could have any number of values.
  const count = Math.min(Math.floor(to / step) - first + 1, 50)
  return Array.from({ length: Math.max(count, 0) }, (_, index) => (first + index) * step)
}

/** The index of the value with the least distance. */
function nearest(
  values: readonly number[],
  distance: (value: number) => number,
): number | undefined {
  let best: number | undefined
  let least = Number.POSITIVE_INFINITY
  for (const [index, value] of values.entries()) {
    if (distance(value) >= least) continue
    best = index
    least = distance(value)
  }
  return best
}
