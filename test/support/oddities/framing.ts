import { gzipSync } from 'node:zlib'
import type { Oddity } from '../oddities.ts'
import type { Script } from '../script.ts'
import { chunk, DONE, PLAIN, ROLE, raw, STOP, stream, TEXT, text, WORDS } from './plain.ts'

const BOM = '\uFEFF'
const LONG = 'x'.repeat(200_000)

/** How the bytes of a faultless stream are laid out and cut. */
export const framing: Oddity[] = [
  passed('plain', raw(PLAIN)),
  passed('an event a packet', stream(ROLE, ...WORDS, STOP)),
  passed('packets of 1 byte', { steps: [{ split: 1, text: PLAIN }] }),
  passed('packets of 7 bytes', { steps: [{ split: 7, text: PLAIN }] }),
  passed('one event in a hundred packets', {
    steps: [
      { chunk: ROLE },
      { split: 1, text: text(...WORDS.slice(0, 1)) },
      { send: text(...WORDS.slice(1), STOP) + DONE },
    ],
  }),
  passed('UTF-8 split inside characters', {
    steps: [{ send: text(ROLE) }, { split: 3, text: text(...WORDS) }, { send: text(STOP) + DONE }],
  }),
  passed('blank lines apart from their events', {
    steps: PLAIN.split(/(?<=})(?=\n)/).flatMap((part) => [{ send: part }, { wait: 2 }]),
  }),
  passed('a long event', stream(ROLE, chunk({ content: LONG }), STOP), { text: LONG }),
  passed('gzip', {
    headers: { 'content-encoding': 'gzip' },
    steps: [{ base64: gzipSync(PLAIN).toString('base64') }],
  }),
  passed('a charset in the content type', {
    headers: { 'content-type': 'Text/Event-Stream; charset=utf-8' },
    steps: [{ send: PLAIN }],
  }),
  passed("Python's JSON", raw([ROLE, ...WORDS, STOP].map(python).join('') + DONE)),
  passed('comments between events', raw(PLAIN.replaceAll('data: {', ': ping\n\ndata: {'))),
  passed('blank lines between events', raw(PLAIN.replaceAll('data: {', '\n\ndata: {'))),
  passed('events after [DONE]', raw(PLAIN + text(chunk({ content: 'late' })) + DONE), {
    without: ['late'],
  }),
  passed('silence after [DONE]', raw(PLAIN, { hang: true })),
  passed('a reset after [DONE]', raw(PLAIN, { wait: 50 }, { reset: true })),
  // Nothing that is forwarded lacks a blank line: the end of a stream is never the upstream's own.
  passed('no blank line after [DONE]', raw(PLAIN.trimEnd())),
  passed('one line end after [DONE]', raw(`${PLAIN.trimEnd()}\n`)),
  reframed('CRLF', PLAIN.replaceAll('\n', '\r\n')),
  reframed('CR', PLAIN.replaceAll('\n', '\r')),
  {
    ...reframed('CRLF in packets of 1 byte', ''),
    script: { steps: [{ split: 1, text: PLAIN.replaceAll('\n', '\r\n') }] },
  },
  reframed('mixed line ends', PLAIN.replaceAll('}\n\n', '}\r\n\n')),
  reframed('a byte order mark', BOM + PLAIN),
  reframed('no space after the colon', PLAIN.replaceAll('data: ', 'data:')),
  reframed('data over many lines', [ROLE, ...WORDS, STOP].map(manyLines).join('') + DONE),
  reframed('comments inside events', PLAIN.replaceAll('data: {', ': processing\ndata: {')),
  reframed('other fields', PLAIN.replaceAll('data: {', 'event: message\nid: 7\nretry: 9\ndata: {')),
  reframed('fields nobody knows', PLAIN.replaceAll('data: {', 'meta: {"a":1}\ndata\ndata: {')),
  {
    ...reframed('the last event without its blank line', text(ROLE, ...WORDS, STOP).trimEnd()),
    repaired: ['framing', 'done'],
  },
]

function passed(name: string, script: Script, more: Partial<Oddity> = {}): Oddity {
  return { name, script, expect: 'passed', text: TEXT, ...more }
}

/** Legal, but in a form that is not forwarded as it came. */
function reframed(name: string, sent: string): Oddity {
  return { name, script: raw(sent), expect: 'repaired', repaired: ['framing'], text: TEXT }
}

/** JSON over several `data` lines, as a pretty-printer would send it. */
function manyLines(data: object): string {
  const lines = JSON.stringify(data, null, 2).split('\n')
  return `${lines.map((line) => `data: ${line}\n`).join('')}\n`
}

/** JSON as Python writes it: spaces, and escapes for all that is not ASCII. */
function python(data: object): string {
  const spaced = JSON.stringify(data, null, 1).replace(/\n */g, ' ')
  const escaped = spaced.replace(
    /[\u0080-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
  return `data: ${escaped}\n\n`
}
