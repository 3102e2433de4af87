import { expect, it } from 'vitest'
import { showBytes } from '../../src/cli/chat/show-bytes.ts'
import { folded } from '../../src/cli/chat/summary.ts'
import { CustomToolInput } from '../../src/dialects/responses/custom-tool-input.ts'
import { ToolNames } from '../../src/dialects/responses/tool-names.ts'
import { splitWords } from '../../src/engines/static/words.ts'
import { textOfPage } from '../../src/engines/upstream/page-text.ts'
import { foreignOrigin } from '../../src/guard/origin.ts'
import { createHandler } from '../../src/index.ts'
import { namesModel } from '../../src/settings/patterns.ts'
import { parseHead } from '../../src/transport/http1/response-head.ts'
import { closestMatches } from '../../src/util/closest-matches.ts'
import { matchesPattern } from '../../src/util/matches-pattern.ts'
import { errorText } from '../../src/util/safe/error-text.ts'
import { safeHeaders } from '../../src/util/safe/headers.ts'
import { htmlText } from '../../src/util/safe/html.ts'
import { logText } from '../../src/util/safe/log.ts'
import { markdownText } from '../../src/util/safe/markdown.ts'
import { isModelName } from '../../src/util/safe/model-name.ts'
import { terminalLine, terminalPieces, terminalText } from '../../src/util/safe/terminal.ts'
import { ChatContract } from '../../src/wire/contract/chat.ts'
import { ThinkText } from '../../src/wire/contract/think.ts'
import { badRequest } from '../../src/wire/errors/api-error.ts'
import { errorLogFields } from '../../src/wire/errors/log-fields.ts'
import { readError } from '../../src/wire/errors/reported-error.ts'
import { readHops } from '../../src/wire/headers/hops.ts'
import { parseExactText } from '../../src/wire/json/exact-integers.ts'
import { scanJson } from '../../src/wire/json/scan.ts'
import { modelFields } from '../../src/wire/models/fields.ts'
import { EventScanner } from '../../src/wire/sse/sse.ts'

const encoder = new TextEncoder()

/** Pieces that are repeated to a text; each is what some parser looks for. */
const PIECES = [
  ...[
    'a',
    ' ',
    '\n',
    '\r\n',
    '\t',
    '<',
    '>',
    '<a>',
    '<style>',
    '</style',
    '<script></script>',
    '&',
  ],
  ...['"', '\\', '\\"', '{', '}', '[', ']', '{"a":', '[],', '1', '1e', '-1.', ',', ':', '/', '%'],
  ...[
    'data:',
    'data: {}\n',
    'data: {}\n\n',
    ': x\n',
    'event: a\n',
    '<think>',
    '</think',
    '</think>',
  ],
  ...['*', '.', '-', '_', '=', ';', '`', '|', '\u001b[', '\u202e', '\ud800', '🦙', '1.1.1.', 'sk-'],
  ...['bearer ', 'localhost:', '[::1]', 'Traceback', '\n    at ', ', got ', 'x: expected ', 'a, '],
]

/** Runs on a text in small parts, as it comes from a stream. */
const inParts = (text: string, take: (part: string) => void) => {
  for (let at = 0; at < text.length; at += 16) take(text.slice(at, at + 16))
}

const chunk = (delta: object) => ({
  id: 'c',
  created: 1,
  model: 'm',
  choices: [{ index: 0, delta, finish_reason: null }],
})
const contract = () => new ChatContract({ label: 'gpu' })

/** What reads the words of a client, an upstream or a model, and the most characters it gets. */
const READERS: [name: string, most: number, read: (text: string) => unknown][] = [
  ['the text of an error page', 64_000, textOfPage],
  ['an error message', 64_000, (text) => errorText(text, [text.slice(0, 20), 'secret'])],
  [
    'an error object',
    64_000,
    (text) => readError({ error: { message: text, code: text, param: text } }),
  ],
  ['a message for the log', 64_000, (text) => errorLogFields(badRequest(text, text))],
  ['a text for the log', 64_000, (text) => logText(text, text.length)],
  ['a line for a terminal', 64_000, terminalLine],
  ['a text for a terminal', 64_000, terminalText],
  ['a stream for a terminal', 64_000, (text) => inParts(text, terminalPieces())],
  ['bytes for a terminal', 64_000, (text) => showBytes(encoder.encode(text))],
  ['lines of a terminal', 32_000, (text) => folded(text, 80)],
  ['HTML', 64_000, htmlText],
  ['Markdown', 64_000, markdownText],
  ['the name of a model', 64_000, isModelName],
  [
    'the fields of a model',
    64_000,
    (text) => modelFields({ id: text, owned_by: text, weights: text }),
  ],
  ['a wrong name', 64_000, (text) => closestMatches(text, [text, `${text}b`, 'qwen3'])],
  ['a name and patterns', 32_000, (text) => namesModel(['*a*b*', `*${text}`, '*a*a*a*c'], text)],
  [
    'a pattern of many stars',
    8_000,
    (text) => matchesPattern(text.replaceAll(/[^*]/g, 'a'), 'a'.repeat(8_000)),
  ],
  ['an origin', 16_000, (text) => originOf(text)],
  ['a hop list', 16_000, readHops],
  ['headers', 16_000, (text) => safeHeaders({ [text]: text, 'retry-after': text })],
  [
    'the head of a response',
    32_000,
    (text) => attempt(() => parseHead(`HTTP/1.1 200 OK\r\na: ${text}\r\n\r\n`)),
  ],
  [
    'lengths of a response',
    32_000,
    (text) =>
      attempt(() =>
        parseHead(`HTTP/1.1 200 OK\r\ncontent-length: ${text.replaceAll('\n', '')}\r\n\r\n`),
      ),
  ],
  ['an event stream', 256_000, readEvents],
  ['JSON before it is parsed', 256_000, (text) => scanJson(encoder.encode(text))],
  [
    'JSON with long integers',
    64_000,
    (text) => attempt(() => parseExactText(`["${text}",12345678901234567890]`)),
  ],
  [
    'thinking in pieces',
    64_000,
    (text) => {
      const think = new ThinkText('separate')
      inParts(text, (part) => think.add(part))
    },
  ],
  [
    'thinking that is not opened',
    64_000,
    (text) => {
      const think = new ThinkText('unopened')
      inParts(text, (part) => think.add(part))
    },
  ],
  [
    'a stream of chunks',
    64_000,
    (text) => {
      const judge = contract()
      inParts(text, (content) => judge.check(chunk({ content })))
    },
  ],
  [
    'arguments of calls',
    64_000,
    (text) => {
      const judge = contract()
      inParts(text, (part) =>
        judge.check(
          chunk({ tool_calls: [{ index: 0, function: { name: 'f', arguments: part } }] }),
        ),
      )
    },
  ],
  [
    'ids of calls',
    32_000,
    (text) => {
      const judge = contract()
      inParts(text, (part) =>
        attempt(() =>
          judge.check(
            chunk({
              tool_calls: [
                { id: `${part}${Math.random()}`, function: { name: part, arguments: part } },
              ],
            }),
          ),
        ),
      )
    },
  ],
  [
    'the input of a custom tool',
    64_000,
    (text) => {
      const input = new CustomToolInput()
      input.add('{"input":"')
      inParts(text, (part) => input.add(part))
      input.end()
    },
  ],
  [
    'other input of a custom tool',
    64_000,
    (text) => {
      const input = new CustomToolInput()
      inParts(text, (part) => input.add(part))
      input.end()
    },
  ],
  [
    'names of tools',
    64_000,
    (text) => {
      const names = new ToolNames()
      inParts(text, (part) => names.nameFor('function', part, text.slice(0, 1_000)))
    },
  ],
  ['words of the static engine', 64_000, splitWords],
]

function attempt(act: () => unknown): unknown {
  try {
    return act()
  } catch (error) {
    return error
  }
}

function originOf(text: string): unknown {
  const origin = text.replaceAll(/[^\x21-\x7e]/g, '')
  return attempt(() =>
    foreignOrigin(new Request('http://a/', { headers: { origin } }), 'a', [
      'https://*.example.com:*',
    ]),
  )
}

function readEvents(text: string): void {
  const scanner = new EventScanner()
  inParts(text, (part) =>
    attempt(() => {
      scanner.push(encoder.encode(part))
      while (scanner.next());
    }),
  )
}

/** The time that it takes, in milliseconds. */
function timeOf(act: () => unknown): number {
  const startedAt = performance.now()
  act()
  return performance.now() - startedAt
}

// A quarter of the text takes a quarter of the time. A quadratic reader takes a sixteenth of it.
it.each(READERS)(
  '%s takes time that grows with its length, and no faster',
  (_, most, read) => {
    for (const piece of PIECES) {
      const few = piece.repeat(Math.ceil(most / 4 / piece.length))
      const many = few.repeat(4)
      // Measured again where something else took the processor.
      let excess = Number.POSITIVE_INFINITY
      for (let tries = 0; tries < 8 && excess > 0; tries++) {
        excess = Math.min(excess, timeOf(() => read(many)) - 9 * timeOf(() => read(few)) - 25)
      }
      expect(excess, `${JSON.stringify(piece)} repeated`).toBeLessThanOrEqual(0)
    }
  },
  60_000,
)

it('a path or a query of a request takes no time worth noticing', async () => {
  const { fetch } = createHandler({ insecure: true, upstream: [] })
  for (const piece of ['/', '//', '%2F', 'a/', '?a=1', '&a=1', '?', '.', '%']) {
    for (const path of ['/v1/models/', '/v1/responses/', '/', '/v1/models?a=1']) {
      const url = `http://localhost${path}${piece.repeat(Math.ceil(32_000 / piece.length))}`
      const startedAt = performance.now()
      const response = await fetch(new Request(url))
      expect(response.status).toBeLessThan(500)
      expect(performance.now() - startedAt, `${path}${piece}…`).toBeLessThan(400)
    }
  }
})
