import type { FailureCode, Oddity } from '../oddities.ts'
import type { Script } from '../script.ts'
import { chunk, DONE, finish, PLAIN, RESET, ROLE, raw, STOP, TEXT, text, WORDS } from './plain.ts'

const WHOLE = text(ROLE, ...WORDS, STOP)
const OPEN = text(ROLE, ...WORDS)
const JSON_TYPE = { 'content-type': 'application/json' }

const PAGE = '<!doctype html><html><head><title>Sign in</title></head><body>…</body></html>'

const COMPLETION = JSON.stringify({
  id: 'chatcmpl-odd',
  object: 'chat.completion',
  created: 1_790_000_000,
  model: 'odd',
  choices: [{ index: 0, message: { role: 'assistant', content: TEXT }, finish_reason: 'stop' }],
})

/** How streams end, and answers that are no streams. */
export const ends: Oddity[] = [
  withoutDone('no [DONE], a proper end', raw(WHOLE)),
  withoutDone('no [DONE], a reset', raw(WHOLE, ...RESET)),
  withoutDone('no [DONE], cut off', raw(WHOLE, { wait: 50 }, { cut: true })),
  withoutDone('half a [DONE]', raw(`${WHOLE}data: [DO`)),
  {
    name: 'fewer bytes than announced, after [DONE]',
    // A break that comes with the last bytes may take them along: a fetch drops what it still holds.
    script: {
      headers: { 'content-length': '99999' },
      steps: [{ send: PLAIN }, { wait: 50 }, { cut: true }],
    },
    expect: 'passed',
    text: TEXT,
  },
  failed('truncated by an end', 'upstream_truncated', raw(OPEN)),
  failed('truncated by a reset', 'upstream_truncated', raw(OPEN, ...RESET)),
  failed('truncated by a cut', 'upstream_truncated', raw(OPEN, { wait: 50 }, { cut: true })),
  failed('truncated inside an event', 'upstream_truncated', raw(OPEN + text(STOP).slice(0, 60))),
  failed('truncated inside a character', 'upstream_truncated', {
    steps: [
      { send: OPEN },
      {
        base64: halfOf('🌍'),
      },
    ],
  }),
  failed('truncated before the announced length', 'upstream_truncated', {
    headers: { 'content-length': '99999' },
    steps: [{ send: OPEN }, { wait: 50 }, { cut: true }],
  }),
  failed('truncated, one choice of two open', 'upstream_truncated', raw(twoChoices())),
  failed('truncated after the role', 'upstream_truncated', raw(text(ROLE)), ''),
  failed('[DONE] before the finish', 'upstream_incomplete', raw(OPEN + DONE)),
  failed('[DONE], one choice of two open', 'upstream_incomplete', raw(twoChoices() + DONE)),
  failed('[DONE] and nothing else', 'upstream_incomplete', raw(DONE), null),
  failed('an empty body', 'upstream_truncated', raw(''), null),
  failed('comments and nothing else', 'upstream_truncated', raw(': ping\n\n: ping\n\n'), null),
  failed('no body, a reset', 'upstream_truncated', raw('', ...RESET), null),
  failed(
    'HTML with status 200',
    'upstream_invalid',
    {
      headers: { 'content-type': 'text/html; charset=utf-8' },
      steps: [{ send: PAGE }],
    },
    null,
  ),
  failed('HTML called an event stream', 'upstream_truncated', raw(PAGE), null),
  failed(
    'JSON where a stream was asked for',
    'upstream_invalid',
    {
      headers: JSON_TYPE,
      steps: [{ send: COMPLETION }],
    },
    null,
  ),
  failed(
    'an error in JSON with status 200',
    'upstream_error',
    {
      headers: JSON_TYPE,
      steps: [{ send: '{"error":{"message":"The GPU is on fire.","type":"server_error"}}' }],
    },
    null,
  ),
  {
    name: 'a stream where JSON was asked for',
    script: {
      headers: { 'content-type': 'text/event-stream' },
      steps: [{ send: PLAIN }],
    },
    expect: 'repaired',
    repaired: ['stream'],
    text: TEXT,
    request: { stream: false },
  },
  {
    ...failed(
      'half of the JSON that was asked for',
      'upstream_invalid',
      {
        headers: JSON_TYPE,
        steps: [{ send: COMPLETION.slice(0, 100) }],
      },
      null,
    ),
    request: { stream: false },
  },
]

/** Every choice finished, so the stream did: only the word is missing. */
function withoutDone(name: string, script: Script): Oddity {
  return { name, script, expect: 'repaired', repaired: ['done'], text: TEXT }
}

/** `seen` is null where no chunk comes before the failure. */
function failed(
  name: string,
  code: FailureCode,
  script: Script,
  seen: string | null = TEXT,
): Oddity {
  return { name, script, expect: 'failed', code, ...(seen !== null && { text: seen }) }
}

function twoChoices(): string {
  const other = chunk({ role: 'assistant', content: 'B' }, { index: 1 })
  return text(ROLE, other, ...WORDS, finish('stop', 0))
}

/** An event up to the middle of a character, as base64. */
function halfOf(character: string): string {
  const event = Buffer.from(text(chunk({ content: character })))
  return event.subarray(0, event.indexOf(character) + 2).toString('base64')
}
