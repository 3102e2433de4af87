/** What is wrong with a JSON text, as the messages about settings say it. */
import { MAX_DEPTH } from '../wire/json/depth.ts'
import { SettingsError } from './error.ts'
import type { JsonProblem, Wanted } from './jsonc.ts'

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
export function fileProblem(text: string, name: string, problem: JsonProblem): SettingsError {
  const { kind, line, offset, path, before } = problem
  const wrong = (message: string) => new SettingsError(`${name}:${line}: ${message}`)
  if (kind === 'depth') return wrong(`expected at most ${MAX_DEPTH} levels of nesting.`)
  if (kind === 'twice')
    return wrong(`${path}: given on line ${before} already; remove one of them.`)
  const got = shownAt(text, offset)
  return wrong(`expected ${expectedIn(problem, got === THE_END)}, got ${got}.`)
}

function expectedIn({ kind, wanted, tokenError, isInObject }: JsonProblem, isEnd: boolean): string {
  if (kind === 'token') return TOKENS[tokenError] ?? 'JSON'
  if (wanted !== 'separator' || !isEnd) return MISSING[wanted]
  return isInObject ? '"," or "}"' : '"," or "]"'
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
  { kind, wanted, line, column, name }: JsonProblem,
): SettingsError {
  const place = `line ${line}, column ${column}`
  if (kind === 'depth') {
    return new SettingsError(
      `${shownAs}: expected at most ${MAX_DEPTH} levels of nesting, got more at ${place}; write the settings as docs/settings.md shows them.`,
    )
  }
  if (kind === 'twice') {
    return new SettingsError(
      `${shownAs}: expected each name once in an object, got "${name.slice(0, 40)}" again at ${place}; remove one of them.`,
    )
  }
  return new SettingsError(
    `${shownAs}: expected a JSON object, got text that is not JSON at ${place}; write ${WANTED[wanted]} there.`,
  )
}
