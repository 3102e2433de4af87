/** The screen with the engines and what is left of each key's limits. */

import { isObject } from '../../util/object.ts'
import type { EngineActivity, KeyActivity } from '../../wire/activity/schema.ts'
import { isNumber, numberOf, shortRate, shortTime } from './format.ts'
import { colourOf, type Painter } from './paint.ts'
import type { ActivityStore } from './store.ts'
import { clip, padded, shown } from './text.ts'
import type { Size } from './view.ts'

export function enginesFrame(
  store: ActivityStore,
  scrolled: number,
  { columns, rows }: Size,
  paint: Painter,
  message: string,
): { lines: string[]; scrolled: number } {
  const all = [
    ...engineLines(store, columns, paint),
    '',
    paint.strong(clip('KEYS', columns)),
    ...(store.keys.length === 0 ? [clip('  No keys are configured.', columns)] : []),
    ...store.keys.map((key) => clip(`  ${keyText(key)}`, columns)),
  ]
  const room = Math.max(1, rows - 1)
  const from = Math.max(0, Math.min(scrolled, all.length - room))
  const body = all.slice(from, from + room)
  while (body.length < room) body.push('')
  const keys = paint.weak(clip('arrows scroll  Esc back  q quit', columns))
  const footer = message === '' ? keys : paint.strong(clip(message, columns))
  return { lines: [...body, footer].slice(-rows), scrolled: from }
}

function engineLines(store: ActivityStore, width: number, paint: Painter): string[] {
  const title = paint.strong(clip('ENGINES', width))
  if (store.engines === undefined) {
    return [title, clip('  Engines are shown to admin keys alone.', width)]
  }
  return [title, ...store.engines.flatMap((engine) => describe(engine, width, paint))]
}

function describe(engine: EngineActivity, width: number, paint: Painter): string[] {
  const { label, kind, state, breaker, running, maxConcurrency, models, loaded, error } = engine
  const limit = maxConcurrency === undefined ? 'no limit' : `at most ${numberOf(maxConcurrency)}`
  const facts = [
    ...(kind === undefined ? [] : [shown(kind)]),
    `breaker ${shown(breaker)}`,
    `${numberOf(running)} running, ${limit}`,
    plural(list(models).length, 'model'),
    ...(list(loaded).length === 0 ? [] : [`loaded: ${list(loaded).map(shown).join(', ')}`]),
  ]
  const name = padded(shown(label), Math.min(20, Math.max(8, Math.floor(width / 4))))
  const word = padded(shown(state), 9)
  const plain = `  ${name} ${word} ${facts.join(' · ')}`
  const rest = clip(plain, width).slice(name.length + word.length + 4)
  const line =
    rest === ''
      ? clip(plain, width)
      : `  ${paint.strong(name)} ${paint.coloured(word, colourOf(shown(state)))} ${rest}`
  return [
    line,
    ...(error === undefined ? [] : [clip(`    ${shown(error)}`, width)]),
    ...list(engine.recent)
      .filter(isObject)
      .map((recent) => clip(`    ${recentText(recent)}`, width)),
  ]
}

function recentText({ model, requests, firstTokenMs, rate }: EngineActivity['recent'][number]) {
  const parts = [
    plural(numberOf(requests), 'request'),
    ...(isNumber(firstTokenMs) ? [`first token ${shortTime(firstTokenMs)}`] : []),
    ...(isNumber(rate) ? [`${shortRate(rate)} tokens/s`] : []),
  ]
  return `${shown(model)}: ${parts.join(', ')}`
}

function keyText({ name, running, maxConcurrency, requests, tokens, ...used }: KeyActivity) {
  const most = maxConcurrency === undefined ? '' : ` of ${numberOf(maxConcurrency)}`
  const parts = [
    ...(running === undefined ? [] : [`${numberOf(running)}${most} running`]),
    ...(isObject(requests) ? [levelText(requests, 'requests')] : []),
    ...(isObject(tokens) ? [levelText(tokens, 'tokens')] : []),
    ...quotaTexts(used.day, 'day'),
    ...quotaTexts(used.month, 'month'),
  ]
  return `${shown(name)}  ${parts.length === 0 ? 'no limits' : parts.join(' · ')}`
}

function levelText(level: NonNullable<KeyActivity['requests']>, unit: string): string {
  const { limit, remaining, fullInMs } = level
  const wait = numberOf(fullInMs) > 0 ? `, all in ${shortTime(fullInMs)}` : ''
  return `${Math.floor(numberOf(remaining))} of ${numberOf(limit)} ${unit} left${wait}`
}

/** What is left of the limits of a day or month. */
function quotaTexts(used: KeyActivity['day'], period: string): string[] {
  if (!isObject(used)) return []
  return (['requests', 'tokens'] as const).flatMap((unit) => {
    const { limit, remaining } = isObject(used[unit]) ? used[unit] : {}
    if (!isNumber(limit)) return []
    return [`${numberOf(remaining)} of ${limit} ${unit} left this ${period}`]
  })
}

function plural(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`
}

function list<T>(value: T[] | undefined): T[] {
  return Array.isArray(value) ? value : []
}
