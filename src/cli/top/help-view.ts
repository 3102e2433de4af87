/** The screen with the keys. */

import type { Painter } from './paint.ts'
import { clip, wrapped } from './text.ts'
import type { Size } from './view.ts'

export const keyHelp: readonly (readonly [keys: string, text: string])[] = [
  ['arrows, j, k', 'move; PageUp, PageDown, Home and End too'],
  ['Enter', 'open a request: its text as it arrives, its attempts, failures and repairs'],
  ['w', 'in an open request: show what is sent and received, byte for byte'],
  ['s', 'stop the request, after a question'],
  ['o', 'sort by age, rate, tokens, first token or gap'],
  ['f', 'show only requests that failed or were refused'],
  ['/', 'filter: rows that have all the words; Enter keeps it, Esc removes it'],
  ['e', 'engines and keys'],
  ['Esc', 'back'],
  ['Ctrl-Z', 'suspend; fg goes on'],
  ['q, Ctrl-C', 'quit'],
]

const NOTES = [
  'STATE: reading its body, queued for an engine, loading a model, prefill until the first token, streaming, blocked by a client that does not read, stalled without a token; then how it ended: ok, refused, finished, failed or cancelled.',
  'TOKENS: ~ stands before a number that the engine has not reported yet. TOK/S: tokens in the last second; of an ended request, the mean since its first token. GAPS: the pauses between its last tokens, the newest on the right.',
]

export function helpFrame({ columns, rows }: Size, paint: Painter): string[] {
  const first = Math.max(...keyHelp.map(([keys]) => keys.length))
  const lines = [
    paint.strong(clip('Keys of sluice top', columns)),
    '',
    ...keyHelp.map(([keys, text]) => clip(`  ${keys.padEnd(first)}  ${text}`, columns)),
    ...NOTES.flatMap((note) => ['', ...wrapped(note, columns)]),
  ].slice(0, Math.max(1, rows - 1))
  while (lines.length < rows - 1) lines.push('')
  return [...lines, paint.weak(clip('any key: back', columns))].slice(-rows)
}
