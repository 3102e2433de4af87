/** What a person may type at the prompt besides a message. */
import { closestMatches } from '../../util/closest-matches.ts'
import { folded } from './summary.ts'

export const commands = {
  help: { value: '', text: 'Print this.' },
  model: { value: 'NAME', text: 'Ask another model; without a name, list them.' },
  system: {
    value: 'TEXT',
    text: 'Say how the model is to behave; without a text, show what was said; with - unsay it.',
  },
  raw: {
    value: '',
    text: 'Show what the server sends, byte for byte with times; again to end it.',
  },
  gaps: { value: '', text: 'How long the times between arrivals of the last answer were.' },
  retry: { value: '', text: 'Ask the last message once more.' },
  clear: { value: '', text: 'Forget the conversation; the model and /system stay.' },
  save: { value: 'FILE', text: 'Write the conversation to a new file, as JSON.' },
  exit: { value: '', text: 'Leave, as Ctrl-D does.' },
} as const

export type CommandName = keyof typeof commands

/** Other words for it. */
const ALIASES: Readonly<Record<string, CommandName>> = { quit: 'exit', bye: 'exit', '?': 'help' }

export type TypedEntry =
  | { kind: 'nothing' }
  | { kind: 'message'; text: string }
  | { kind: 'command'; name: CommandName; rest: string }
  | { kind: 'unknown'; told: string }

/** What was typed. A message that begins with a slash is typed with two. */
export function readEntry(typed: string): TypedEntry {
  const text = typed.trim()
  if (text === '') return { kind: 'nothing' }
  if (text.startsWith('//')) return { kind: 'message', text: text.slice(1) }
  const [, word, rest = ''] = /^\/(\S*)\s*([\s\S]*)$/.exec(text) ?? []
  if (word === undefined) return { kind: 'message', text }
  const name = isCommand(word) ? word : Object.hasOwn(ALIASES, word) ? ALIASES[word] : undefined
  if (name === undefined) return { kind: 'unknown', told: unknown(word) }
  if (rest !== '' && commands[name].value === '') {
    return { kind: 'unknown', told: `/${name} takes nothing behind it.` }
  }
  return { kind: 'command', name, rest }
}

function isCommand(word: string): word is CommandName {
  return Object.hasOwn(commands, word)
}

function unknown(word: string): string {
  const near = closestMatches(word, Object.keys(commands)).map((name) => `/${name}`)
  const hint = near.length > 0 ? `did you mean ${near.join(' or ')}?` : '/help lists them;'
  return `There is no /${word}: ${hint} A message that begins with a slash is typed with two.`
}

/** What `/help` prints, in lines of at most `width` characters. */
export function helpLines(historyFile: string | undefined, width: number): string[] {
  const rows = Object.entries(commands).map(
    ([name, { value, text }]) => [`/${name} ${value}`, text] as const,
  )
  const first = Math.max(...rows.map(([usage]) => usage.length))
  const hasRoom = rows.every(([, text]) => first + 2 + text.length <= width)
  const told = rows.flatMap(([usage, text]) => {
    if (hasRoom) return [`${usage.padEnd(first)}  ${text}`]
    return [usage.trimEnd(), ...folded(text, width - 2).map((line) => `  ${line}`)]
  })
  const kept =
    historyFile === undefined
      ? 'What you type is kept nowhere.'
      : `What you type is kept in ${historyFile}; --no-history prevents it.`
  const hints = [
    'A line that ends with \\ goes on in the next; """ opens and closes a text of many lines.',
    'A message that begins with a slash is typed with two.',
    'Ctrl-C stops an answer. At an empty prompt Ctrl-C twice, or Ctrl-D, leaves.',
    kept,
  ]
  return [...told, '', ...hints.flatMap((hint) => folded(hint, width))]
}
