/** What is wrong with a JSON text, as the messages about settings say it. */
import { MAX_DEPTH } from '../wire/json/depth.ts'
import { SettingsError } from './error.ts'
import { type JsonProblem, type OpenJson, type Scanner, TOKEN, type Wanted } from './jsonc.ts'

/** What is missing, for a file. */
const MISSING: Readonly<Record<Wanted, string>> = {
  value: 'a value',
  item: 'a value',
  name: 'a name in double quotes',
  colon: '":"',
  separator: '","',
  end: 'the end',
}

/** What may be written, for a text without lines that an editor shows. */
const WANTED: Readonly<Record<Wanted, string>> = {
  value: 'a value',
  item: 'a value or "]"',
  name: 'a name in double quotes or "}"',
  colon: '":"',
  separator: '"," or a closing bracket',
  end: 'the end',
}

/** What is expected instead of a token that is none, by jsonc-parser's numbers of errors. */
const TOKENS = [
  'JSON',
  '"*/"',
  'a string that ends on its line',
  'a number',
  'four hexadecimal digits after \\u',
  'an escape that JSON has, such as \\n',
  'an escape such as \\n for a control character',
]

/** The error for the text of the file that messages call `name`. */
export function fileProblem(
  text: string,
  name: string,
  scanner: Scanner,
  problem: JsonProblem,
): SettingsError {
  const { kind, open } = problem
  const wrong = (message: string) =>
    new SettingsError(`${name}:${scanner.getTokenStartLine() + 1}: ${message}`)
  if (kind === 'depth') {
    return wrong(
      `expected at most ${MAX_DEPTH} levels of nesting, got more; remove the inner ones.`,
    )
  }
  if (kind === 'twice') {
    const inner = open.at(-1)
    const before = inner?.lines.get(inner.at)
    return wrong(`${pathOf(open)}: given on line ${before} already; remove one of them.`)
  }
  const got = shownAt(text, scanner.getTokenOffset())
  const token = kind === 'token' ? TOKENS[scanner.getTokenError()] : undefined
  return wrong(`expected ${token ?? expectedIn(problem, got === THE_END)}, got ${got}.`)
}

function expectedIn({ wanted, open }: JsonProblem, isEnd: boolean): string {
  if (wanted !== 'separator' || !isEnd) return MISSING[wanted]
  return open.at(-1)?.closedBy === TOKEN.closeBrace ? '"," or "}"' : '"," or "]"'
}

/** The path of the member that is being read: `keys[0].hash`. */
function pathOf(open: readonly OpenJson[]): string {
  return open.reduce((path, { at }) => {
    if (typeof at === 'number') return `${path}[${at}]`
    return path === '' ? at : `${path}.${at}`
  }, '')
}

const THE_END = 'the end'

/** What stands in a text, up to the end of its line. */
function shownAt(text: string, offset: number): string {
  const [rest] = text.slice(offset, offset + 20).split(/\r?\n/)
  return rest ? JSON.stringify(rest) : THE_END
}

/** The error for a text that is never shown, as it may hold keys: it has the line and the column. */
export function textProblem(
  shownAs: string,
  scanner: Scanner,
  { kind, wanted, open }: JsonProblem,
): SettingsError {
  const place = `line ${scanner.getTokenStartLine() + 1}, column ${scanner.getTokenStartCharacter() + 1}`
  const name = String(open.at(-1)?.at).slice(0, 40)
  const expected = {
    depth: `at most ${MAX_DEPTH} levels of nesting, got more at ${place}; remove the inner ones`,
    twice: `each name once in an object, got "${name}" again at ${place}; remove one of them`,
    expected: `a JSON object, got text that is not JSON at ${place}; write ${WANTED[wanted]} there`,
  }
  return new SettingsError(
    `${shownAs}: expected ${expected[kind === 'token' ? 'expected' : kind]}.`,
  )
}
