/** The screen with one request. */
import { sparkline } from '../sparkline.ts'
import { stateOf } from './columns.ts'
import { isNumber, numberOf, shortCount, shortRate, shortTime } from './format.ts'
import { colourOf, type Painter } from './paint.ts'
import { durationOf, isEnded, type Row } from './store.ts'
import { clip, shown, wrapped } from './text.ts'
import type { Size } from './view.ts'
import type { RequestWatch } from './watch.ts'

export interface DetailState {
  row: Row | undefined
  watch: RequestWatch
  /** Whether bytes are shown in place of the text. */
  raw: boolean
  /** Lines between the end and what is shown; 0 follows what comes. */
  back: number
  message: string
}

const KEYS = 'w bytes or text  s stop  arrows scroll  End follow  Esc back  q quit'

export function detailFrame(
  state: DetailState,
  { columns, rows }: Size,
  paint: Painter,
  now: number,
): { lines: string[]; back: number } {
  const { row, watch, raw } = state
  const facts = row === undefined ? [] : factsOf(row, now)
  const head = [
    titleOf(row, watch.id, columns, paint),
    ...facts.flatMap((line) => wrapped(line, columns)),
    paint.weak(`── ${raw ? 'bytes' : 'text'} ${'─'.repeat(columns)}`.slice(0, columns)),
  ]
  const content = contentOf(state, columns, paint)
  const room = Math.max(1, rows - head.length - 1)
  const back = Math.max(0, Math.min(state.back, content.length - room))
  const to = content.length - back
  const body = content.slice(Math.max(0, to - room), to)
  while (body.length < room) body.push('')
  const footer = paint.weak(clip(KEYS, columns))
  const last = state.message === '' ? footer : paint.strong(clip(state.message, columns))
  return { lines: [...[...head, ...body].slice(0, rows - 1), last], back }
}

function titleOf(row: Row | undefined, id: string, width: number, paint: Painter): string {
  const state = row === undefined ? 'unknown' : stateOf(row)
  const title = clip(`request ${shown(id)}  `, width)
  return paint.strong(title) + paint.coloured(clip(state, width - title.length), colourOf(state))
}

/** What is known of it, in lines of any length. */
function factsOf(row: Row, now: number): string[] {
  const { activity } = row
  const { method, path, model, engine, key, client, session, status, code, message, capture } =
    activity
  const who = [
    ...fact('model', model),
    ...fact('engine', engine),
    ...fact('key', key),
    ...fact('client', client),
    ...fact('session', session),
  ]
  const failed = [shown(code), shown(message)].filter(Boolean).join(': ')
  const isStatus = status !== undefined && status !== 0
  return [
    `${shown(method)} ${shown(path)}${isStatus ? `  status ${status}` : ''}`,
    ...(who.length === 0 ? [] : [who.join(' · ')]),
    numbersOf(row, now).join(' · '),
    ...attemptsOf(row),
    ...listFact('repaired', activity.repairs),
    ...(failed === '' ? [] : [failed]),
    ...(capture === undefined ? [] : [`captured: GET /v1/captures/${shown(capture)}`]),
    ...(row.gaps.length < 2 ? [] : [`gaps ${sparkline(row.gaps.slice(-64), 64)}`]),
  ]
}

function numbersOf(row: Row, now: number): string[] {
  const { activity } = row
  const { tokens, tokensReported, promptTokens, rate, stalls, heartbeats, blockedMs } = activity
  const count = tokens ? `${tokensReported ? '' : '~'}${shortCount(tokens)} tokens` : ''
  return [
    `time ${shortTime(durationOf(row, now))}`,
    ...timeFact('queued', activity.queuedMs),
    ...timeFact('first token', activity.firstTokenMs),
    ...(count === '' ? [] : [count]),
    ...(isNumber(promptTokens) ? [`${shortCount(promptTokens)} tokens read`] : []),
    ...(isNumber(rate) && !isEnded(row) ? [`${shortRate(rate)} tokens/s`] : []),
    ...timeFact('longest gap', activity.longestGapMs),
    ...(stalls ? [`stalls ${numberOf(stalls)}`] : []),
    ...(heartbeats ? [`heartbeats ${numberOf(heartbeats)}`] : []),
    ...(blockedMs ? timeFact('client blocked', blockedMs) : []),
    ...(activity.stream ? ['can be resumed'] : []),
    ...(activity.streamed ? [] : ['not streamed']),
  ]
}

function attemptsOf({ activity }: Row): string[] {
  const { attempts = 0, affinity, place, progress } = activity
  const parts = [
    ...(place === undefined ? [] : [`place ${numberOf(place)} in the queue`]),
    ...fact('', progress),
    ...(attempts > 1 ? [`attempts ${numberOf(attempts)}`] : []),
    ...fact('conversation', affinity),
  ]
  return [
    ...(parts.length === 0 ? [] : [parts.join(' · ')]),
    ...listFact('failed before', activity.failures),
  ]
}

/** The text, or what to say in its place. */
function contentOf({ watch, raw }: DetailState, width: number, paint: Painter): string[] {
  const lines = watch.linesIn(width, raw, ({ kind }) => (kind === 'reasoning' ? paint.weak : same))
  const note = (text: string) => wrapped(text, width).map(paint.weak)
  return [
    ...(lines.length > 0 ? lines : note(emptyText(watch))),
    ...(watch.lost > 0 ? note(`${watch.lost} frames were left out: they came too fast.`) : []),
    ...(watch.failure !== '' ? note(watch.failure) : []),
  ]
}

function emptyText({ isOver, failure }: RequestWatch): string {
  if (failure !== '') return ''
  return isOver
    ? 'It has ended. What it sent is kept only where captures are switched on.'
    : 'What passes from now on is shown here; nothing is kept of what came before.'
}

function same(text: string): string {
  return text
}

function fact(name: string, value: unknown): string[] {
  const text = shown(value)
  return text === '' ? [] : [`${name} ${text}`.trim()]
}

function timeFact(name: string, ms: unknown): string[] {
  const text = shortTime(ms)
  return text === '' ? [] : [`${name} ${text}`]
}

function listFact(name: string, values: unknown): string[] {
  if (!Array.isArray(values) || values.length === 0) return []
  return [`${name}: ${values.map(shown).filter(Boolean).join(', ')}`]
}
