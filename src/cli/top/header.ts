/** The lines above the table: what runs, how fast, and how the engines are. */
import type { EngineActivity } from '../../wire/activity/schema.ts'
import { numberOf, shortBytes, shortRate } from './format.ts'
import type { Painter } from './paint.ts'
import { colourOf } from './paint.ts'
import { type ActivityStore, isEnded } from './store.ts'
import { cells, clip, shown } from './text.ts'

const BETWEEN = ' · '

/** The first line: parts that do not fit are left out from the right. */
export function summaryLine(
  name: string,
  store: ActivityStore,
  connection: string,
  width: number,
  paint: Painter,
): string {
  const parts = [
    ...(connection === '' ? [] : [connection]),
    ...countsOf(store),
    ...(captureOf(store) ?? []),
    ...(store.isAdmin || store.instance === '' ? [] : ['your own requests']),
  ]
  const title = clip(`sluice top  ${shown(name)}`, width)
  let line = ''
  for (const [index, part] of parts.entries()) {
    const more = `${index === 0 ? '  ' : BETWEEN}${part}`
    if (cells(title) + cells(line) + cells(more) > width) break
    line += more
  }
  const isLost = connection !== '' && line.includes(connection)
  const text = isLost ? line.replace(connection, () => paint.coloured(connection, 'red')) : line
  return paint.strong(title) + text
}

function countsOf({ rows, queue }: ActivityStore): string[] {
  const running = rows.filter((row) => !isEnded(row))
  const queued = running.filter(({ activity }) => activity.state === 'queued').length
  const waiting = queue === undefined ? String(queued) : `${numberOf(queue.waiting)}`
  const limit = queue === undefined ? '' : ` of ${numberOf(queue.limit)}`
  const rate = running.reduce((sum, { activity }) => sum + numberOf(activity.rate), 0)
  return [
    `${running.length - queued} running`,
    `${waiting}${limit} queued`,
    `${shortRate(rate)} tokens/s`,
  ]
}

/** Whether anything is captured: bodies are kept then, which everyone who looks should know. */
function captureOf({ captures }: ActivityStore): string[] | undefined {
  if (captures === undefined) return undefined
  const { rule, count, bytes } = captures
  const isOff = rule === undefined || rule === 'off' || rule === ''
  if (isOff && !count) return undefined
  const total = numberOf(count)
  const held = `${total} ${total === 1 ? 'capture' : 'captures'}, ${shortBytes(numberOf(bytes))}`
  return [isOff ? held : `CAPTURING ${shown(rule)} (${held})`]
}

/** The line of engines: each with its state, and its breaker where that is not closed. */
export function enginesLine(store: ActivityStore, width: number, paint: Painter): string {
  const { engines } = store
  if (engines === undefined) return ''
  let line = ''
  let used = 0
  for (const [index, engine] of engines.entries()) {
    const text = engineText(engine)
    const more = engines.length - index
    const end = index + 1 < engines.length ? ` +${more - 1}` : ''
    const before = index === 0 ? '' : BETWEEN
    if (used + cells(before + text + end) > width) {
      return index === 0 ? clip(text, width) : `${line} +${more}`
    }
    line += before + paint.coloured(text, colourOf(shown(engine.state)))
    used += cells(before + text)
  }
  return line
}

function engineText(engine: EngineActivity): string {
  const { label, state, breaker, running, maxConcurrency } = engine
  const most = maxConcurrency === undefined ? '' : `/${numberOf(maxConcurrency)}`
  const word = shown(state)
  const isOpen = breaker !== 'closed' && breaker !== state
  return `${shown(label)} ${word} ${numberOf(running)}${most}${isOpen ? ` breaker ${shown(breaker)}` : ''}`
}
