/**
 * The text of `SLUICE_CONFIG`: JSON as in a settings file, with comments and trailing commas. A parser
 * of its own, since the one for files would make every worker's bundle larger.
 */
import { SettingsError } from './error.ts'

const TOKEN =
  /\s+|\/\/[^\n]*|\/\*[\s\S]*?\*\/|"(?:[^"\\\p{Cc}]|\\(?:["\\/bfnrt]|u[\da-f]{4}))*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:e[+-]?\d+)?|true|false|null|[{}[\],:]/iuy

/** What has to come next, as a message calls it. */
const WANTED = {
  value: 'a value',
  item: 'a value or "]"',
  name: 'a name in double quotes or "}"',
  colon: '":"',
  separator: '"," or a closing bracket',
  end: 'the end',
}

interface Open {
  close: '}' | ']'
  /** The names that an object has so far. */
  names: Set<string>
}

/** The value. Throws a `SettingsError` with the line and the column, never with the text: it may hold keys. */
export function parseConfigText(text: string, shownAs: string): unknown {
  const kept: string[] = []
  const open: Open[] = []
  let wanted = 'value' as keyof typeof WANTED
  let offset = 0
  while (offset < text.length) {
    TOKEN.lastIndex = offset
    const token = TOKEN.exec(text)?.[0]
    if (token === undefined) throw notJson()
    if (!/^[\s/]/.test(token)) take(token)
    offset += token.length
  }
  if (wanted !== 'end') throw notJson()
  try {
    return JSON.parse(kept.join(''))
  } catch {
    throw notJson()
  }

  function take(token: string): void {
    const inner = open.at(-1)
    if (token === inner?.close && ['item', 'name', 'separator'].includes(wanted)) {
      if (kept.at(-1) === ',') kept.pop()
      open.pop()
      wanted = afterValue()
    } else if (wanted === 'name' && token.startsWith('"')) {
      requireNew(token, inner?.names)
      wanted = 'colon'
    } else if (wanted === 'colon' && token === ':') {
      wanted = 'value'
    } else if (wanted === 'separator' && token === ',') {
      wanted = inner?.close === '}' ? 'name' : 'item'
    } else if ((wanted === 'value' || wanted === 'item') && !'}],:'.includes(token)) {
      if (token === '{') open.push({ close: '}', names: new Set() })
      if (token === '[') open.push({ close: ']', names: new Set() })
      wanted = token === '{' ? 'name' : token === '[' ? 'item' : afterValue()
    } else {
      throw notJson()
    }
    kept.push(token)
  }

  function afterValue(): 'end' | 'separator' {
    return open.length === 0 ? 'end' : 'separator'
  }

  function requireNew(token: string, names: Set<string> | undefined): void {
    const name: string = JSON.parse(token)
    if (names?.has(name)) {
      const shown = name.slice(0, 40)
      throw new SettingsError(
        `${shownAs}: expected each name once in an object, got "${shown}" again at ${place()}; remove one of them.`,
      )
    }
    names?.add(name)
  }

  function notJson(): SettingsError {
    return new SettingsError(
      `${shownAs}: expected a JSON object, got text that is not JSON at ${place()}; write ${WANTED[wanted]} there.`,
    )
  }

  function place(): string {
    const lines = text.slice(0, offset).split('\n')
    return `line ${lines.length}, column ${(lines.at(-1) ?? '').length + 1}`
  }
}
