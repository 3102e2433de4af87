import { chunk, DONE, PLAIN, ROLE, STOP, TEXT, text, WORDS } from '../support/oddities/plain.ts'
import type { Script, Step } from '../support/script.ts'

/** One way in which an upstream fails, and the one outcome that everybody sees of it. */
export interface UpstreamFault {
  name: string
  script: Script
  /** Whether a stream is asked for; it is by default. */
  stream?: boolean
  status: number
  /** The error's code, in the body or in the stream's last frame. */
  code?: string
  /** Where it differs. */
  codeOnWorkerd?: string
  /** What the client reads of choice 0, before a failure too. */
  text?: string
  /** What the log line says. */
  log: 'ok' | 'refused' | 'finished' | 'failed'
}

/** The deadlines that the table is written for: long enough for a machine that has much else to do. */
export const DEADLINES = [
  ...['--answer-timeout', '8s', '--first-token-timeout', '8s', '--token-timeout', '8s'],
  ...['--heartbeat', '300ms', '--header-wait', '20s'],
]

const [FIRST = {}] = WORDS
const SPOKEN = text(ROLE, FIRST)
const HALF = text(chunk({ content: 'never seen' })).slice(0, 90)
const WHOLE = text(ROLE, ...WORDS, STOP)
const JSON_TYPE = { 'content-type': 'application/json' }
const HTML = {
  headers: { 'content-type': 'text/html' },
  steps: [{ send: '<!doctype html><h1>Bad gateway</h1>' }],
}
const HANG: Step = { hang: true }
const CUT: Step[] = [{ wait: 50 }, { cut: true }]
const RESET: Step[] = [{ wait: 50 }, { reset: true }]

/** Failures before the headers have a true status. */
function early(name: string, code: string, script: Script, status = 502): UpstreamFault {
  return { name, script, status, code, log: 'failed' }
}

/** workerd's own client does not tell this from a connection that closes. */
function noHttp(name: string, script: Script): UpstreamFault {
  return { ...early(name, 'upstream_invalid', script), codeOnWorkerd: 'upstream_unreachable' }
}

/** Failures after the first token are the stream's last frame. */
function late(name: string, code: string, steps: Step[], seen = 'Hello'): UpstreamFault {
  const script = { steps: [{ send: SPOKEN }, ...steps] }
  return { name, script, status: 200, code, text: seen, log: 'failed' }
}

function fine(name: string, steps: Step[]): UpstreamFault {
  return { name, script: { steps }, status: 200, text: TEXT, log: 'finished' }
}

function whole(name: string, code: string, script: Script, status = 502): UpstreamFault {
  return { ...early(`whole: ${name}`, code, script, status), stream: false }
}

/** `instead` of an answer. */
function bytes(content: string, then: 'cut' | 'reset' | 'hang'): Script {
  return { instead: { text: content, then }, steps: [] }
}

const HEAD = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n'

export const UPSTREAM_FAULTS: UpstreamFault[] = [
  early('says nothing', 'answer_timeout', { headersAfter: 'never', steps: [] }, 504),
  early('is cut off before its headers', 'upstream_unreachable', bytes('', 'cut')),
  early('resets before its headers', 'upstream_unreachable', bytes('', 'reset')),
  early('is cut off within its headers', 'upstream_unreachable', bytes(HEAD, 'cut')),
  early('stops within its headers', 'answer_timeout', bytes(HEAD, 'hang'), 504),
  noHttp('sends headers without end', bytes(`${HEAD}${'x-a: b\r\n'.repeat(200_000)}`, 'hang')),
  noHttp('speaks another protocol', bytes('SSH-2.0-x\r\n\r\n', 'cut')),
  early('is cut off after its headers', 'upstream_truncated', { steps: CUT }),
  early('resets after its headers', 'upstream_truncated', { steps: RESET }),
  early('hangs after its headers', 'first_token_timeout', { steps: [HANG] }, 504),

  late('is cut off after the first token', 'upstream_truncated', CUT),
  late('resets after the first token', 'upstream_truncated', RESET),
  late('ends after the first token', 'upstream_truncated', []),
  late('is cut off in a frame', 'upstream_truncated', [{ send: HALF }, ...CUT]),
  late('resets in a frame', 'upstream_truncated', [{ send: HALF }, ...RESET]),
  late('hangs after the first token', 'token_timeout', [HANG]),
  late('hangs in a frame', 'token_timeout', [{ send: HALF }, HANG]),
  late('says but comments', 'token_timeout', [
    { repeat: 10_000, steps: [{ send: ': still there\n\n' }, { wait: 20 }] },
  ]),
  late('sends a line without end', 'upstream_invalid', [
    { send: 'data: ' },
    { flood: { text: 'x'.repeat(16_384), bytes: 300_000_000 } },
  ]),
  late('sends an event without end', 'upstream_invalid', [
    { flood: { text: `data: ${'x'.repeat(1_000)}\n`, bytes: 300_000_000 } },
  ]),
  late('sends what is no JSON', 'upstream_invalid', [{ send: 'data: <html>\n\n' }, HANG]),
  late('sends bytes that are no text', 'upstream_invalid', [
    { base64: Buffer.from('data: {"choices":[\xff\xfe]}\n\n', 'latin1').toString('base64') },
    HANG,
  ]),
  late('says [DONE] too early', 'upstream_incomplete', [{ send: DONE }]),
  late('says that it failed', 'upstream_error', [
    { send: 'data: {"error":{"message":"out of memory","type":"server_error"}}\n\n' },
    HANG,
  ]),

  fine('is cut off after the finish reason', [{ send: WHOLE }, ...CUT]),
  fine('resets after the finish reason', [{ send: WHOLE }, ...RESET]),
  fine('hangs after [DONE]', [{ send: PLAIN }, HANG]),
  fine('goes on after [DONE]', [{ send: PLAIN }, { flood: { text: SPOKEN, bytes: 3e8 } }]),
  fine('drips', [{ send: text(ROLE) }, { drip: text(...WORDS, STOP) + DONE, every: 1 }]),

  { name: 'answers 500 in HTML', script: { ...HTML, status: 500 }, status: 500, log: 'failed' },
  early('answers HTML with 200', 'upstream_invalid', HTML),
  early('answers 204', 'upstream_invalid', { status: 204, steps: [] }),
  {
    ...early('answers 429', 'rate_limit_exceeded', {
      status: 429,
      headers: { ...JSON_TYPE, 'retry-after': '7' },
      steps: [
        {
          send: '{"error":{"message":"Slow down.","type":"rate_limit_error","code":"rate_limit_exceeded"}}',
        },
      ],
    }),
    status: 429,
    log: 'refused',
  },

  whole('says nothing', 'answer_timeout', { headersAfter: 'never', steps: [] }, 504),
  whole('is cut off before its headers', 'upstream_unreachable', bytes('', 'cut')),
  whole('resets before its headers', 'upstream_unreachable', bytes('', 'reset')),
  whole('is cut off in its JSON', 'upstream_invalid', {
    headers: JSON_TYPE,
    steps: [{ send: '{"id":"a",' }, ...CUT],
  }),
  whole(
    'hangs in its JSON',
    'answer_timeout',
    {
      headers: JSON_TYPE,
      steps: [{ send: '{"id":"a",' }, HANG],
    },
    504,
  ),
  whole('ends in its JSON', 'upstream_invalid', {
    headers: JSON_TYPE,
    steps: [{ send: '{"id":"a",' }],
  }),
]
