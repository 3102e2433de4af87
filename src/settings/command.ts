/** A command that an upstream is started by: a program and its arguments. No shell reads it. */
import { SettingsError } from './error.ts'

/** What stands for the port in a command and in the environment of the program. */
export const PORT = `\${PORT}`

/** What only a shell understands, where it is not within quotes. */
const OF_A_SHELL = /[|&;<>\n]/

/** What it understands within double quotes as well. */
const IN_DOUBLE_QUOTES = /`|\$\(|\$(?=[A-Za-z_])/

/**
 * The program and its arguments. A text is split at white space, which quotes of either kind keep;
 * a backslash has no meaning, since paths of Windows have it. Throws a `SettingsError`, which never
 * shows the command: it may hold a token.
 */
export function readCommand(given: string | readonly string[], shownAs: string): string[] {
  const words = typeof given === 'string' ? splitCommand(given, shownAs) : [...given]
  if ((words[0] ?? '') === '') {
    throw new SettingsError(
      `${shownAs}: expected a program and its arguments, got no program; write its name or path first.`,
    )
  }
  for (const word of words) requireKnownNames(word, shownAs)
  return words
}

function splitCommand(text: string, shownAs: string): string[] {
  const words: string[] = []
  for (const [whole, spaces] of text.trim().matchAll(/(\s+)|(?:"[^"]*"|'[^']*'|[^\s"'])+|["']/g)) {
    if (spaces !== undefined) continue
    if (whole === '"' || whole === "'") throw shellOnly(shownAs, `${whole} without its end`)
    words.push(unquoted(whole, shownAs))
  }
  return words
}

function unquoted(word: string, shownAs: string): string {
  const bare = word.replace(/"[^"]*"|'[^']*'/g, '')
  const outsideSingle = word.replace(/"([^"]*)"|'[^']*'/g, (_, double = '') => double)
  const [found] = OF_A_SHELL.exec(bare) ?? IN_DOUBLE_QUOTES.exec(outsideSingle) ?? []
  if (found === '$') throw shellOnly(shownAs, '"$" before a name')
  if (found !== undefined) throw shellOnly(shownAs, JSON.stringify(found))
  if (bare.startsWith('~')) throw shellOnly(shownAs, '"~" for a home directory')
  return word.replace(/"([^"]*)"|'([^']*)'/g, (_, double?: string, single?: string) => {
    return double ?? single ?? ''
  })
}

function shellOnly(shownAs: string, what: string): SettingsError {
  return new SettingsError(
    `${shownAs}: expected a program and its arguments, got ${what}, which only a shell understands; no shell reads the command: write it in full, put it in single quotes, give an array of arguments, or name a script.`,
  )
}

/** `${HOME}` would reach the program as it is, which nobody means. */
function requireKnownNames(word: string, shownAs: string): void {
  const [name] = /\$\{[A-Za-z_][\w.]*\}/.exec(word.replaceAll(PORT, '')) ?? []
  if (name === undefined) return
  throw new SettingsError(
    `${shownAs}: expected no name in braces but ${PORT}, got ${name}; write its value, or set it in env.`,
  )
}

/** The arguments with the port in the place of `${PORT}`. */
export function withPort(words: readonly string[], port: number): string[] {
  return words.map((word) => word.replaceAll(PORT, String(port)))
}
