/** The commands of the chat. */
import { closestMatches } from '../../util/closest-matches.ts'
import { folded } from './summary.ts'

export const commands = {
  help: { value: '', text: 'Print this help.' },
  model: { value: 'NAME', text: 'Use another model; without a name, list the models.' },
  system: {
    value: 'TEXT',
    text: 'Set the system message; without a text, show it; with -, remove it.',
  },
  raw: {
    value: '',
    text: 'Show the bytes that the server sends, with times; type it again to stop.',
  },
  gaps: { value: '', text: 'Show the times between the packets of the last answer.' },
  retry: { value: '', text: 'Send the last message again.' },
  clear: { value: '', text: 'Start a new conversation with the same model and system message.' },
  save: { value: 'FILE', text: 'Save the conversation to a new file, as JSON.' },
  exit: { value: '', text: 'Leave the chat, like Ctrl-D.' },
} as const

export type CommandName = keyof typeof commands

/** Other names of commands. */
const ALIASES: Readonly<Record<string, CommandName>> = { quit: 'exit', bye: 'exit', '?': 'help' }

export type TypedEntry =
  | { kind: 'nothing' }
  | { kind: 'message'; text: string }
  | { kind: 'command'; name: CommandName; rest: string }
  | { kind: 'unknown'; message: string }

/** Reads a line. A message that begins with a slash is typed with two. */
export function readEntry(typed: string): TypedEntry {
  const text = typed.trim()
  if (text === '') return { kind: 'nothing' }
  if (text.startsWith('//')) return { kind: 'message', text: text.slice(1) }
  const [, word, rest = ''] = /^\/(\S*)\s*([\s\S]*)$/.exec(text) ?? []
  if (word === undefined) return { kind: 'message', text }
  const name = isCommand(word) ? word : Object.hasOwn(ALIASES, word) ? ALIASES[word] : undefined
  if (name === undefined) return { kind: 'unknown', message: unknown(word) }
  if (rest !== '' && commands[name].value === '') {
    return { kind: 'unknown', message: `/${name} takes no argument.` }
  }
  return { kind: 'command', name, rest }
}

function isCommand(word: string): word is CommandName {
  return Object.hasOwn(commands, word)
}

function unknown(word: string): string {
  const near = closestMatches(word, Object.keys(commands)).map((name) => `/${name}`)
  const hint = near.length > 0 ? `did you mean ${near.join(' or ')}?` : '/help lists the commands.'
  return `There is no command /${word}: ${hint} A message that begins with a slash is typed with two.`
}

/** The text of `/help`, in lines of at most `width` characters. */
export function helpLines(historyFile: string | undefined, width: number): string[] {
  const rows = Object.entries(commands).map(
    ([name, { value, text }]) => [`/${name} ${value}`, text] as const,
  )
  const first = Math.max(...rows.map(([usage]) => usage.length))
  const hasRoom = rows.every(([, text]) => first + 2 + text.length <= width)
  const lines = rows.flatMap(([usage, text]) => {
    if (hasRoom) return [`${usage.padEnd(first)}  ${text}`]
    return [usage.trimEnd(), ...folded(text, width - 2).map((line) => `  ${line}`)]
  })
  const kept =
    historyFile === undefined
      ? 'What you type is not saved.'
      : `What you type is saved in ${historyFile}; --no-history prevents that.`
  const hints = [
    'A line that ends with \\ continues on the next; """ begins and ends a text of several lines.',
    'A message that begins with a slash is typed with two.',
    'Ctrl-C stops an answer. At an empty prompt, Ctrl-D or Ctrl-C twice leaves the chat.',
    kept,
  ]
  return [...lines, '', ...hints.flatMap((hint) => folded(hint, width))]
}
