import { CLIENT_KEY } from '../../settings/environment.ts'
import { SettingsError } from '../../settings/settings.ts'
import type { ChatRequest } from '../../wire/chat/request.ts'
import { type ChatAnswer, failure, readAnswer, UNREACHABLE } from '../chat/answer.ts'
import { Editor } from '../chat/editor.ts'
import { historyPath, keepLine, readHistory } from '../chat/history.ts'
import { Printer } from '../chat/printer.ts'
import { ChatServer } from '../chat/server.ts'
import { Session } from '../chat/session.ts'
import { outcomeText } from '../chat/summary.ts'
import { printable } from '../log.ts'
import type { Given } from '../options.ts'
import { terminalStyle } from '../startup.ts'
import { targetOf } from '../target.ts'
import { defineTool } from './define-tool.ts'
import type { ToolContext } from './tool.ts'

const usage = {
  line: 'sluice chat [URL] [PROMPT | -] [options]',
  text: 'Talks with a model in the terminal. Under each answer stands how fast it came and how it ended;\nCtrl-C stops an answer, /help lists what else there is. URL is the root of an OpenAI-compatible\nAPI, sluice on this machine by default. With a PROMPT, or where it is not run in a terminal,\nanswers once and prints the text alone; - stands for what comes by the standard input. It exits\nwith 0 for an answer that finished, 1 for one that failed, 130 for one that was stopped.',
  table: {
    model: {
      value: 'NAME',
      short: 'm',
      text: 'The model to ask; the first that is listed by default.',
    },
    system: { value: 'TEXT', short: 's', text: 'How the model is to behave.' },
    temperature: { value: 'N', text: 'From 0 to 2; the server’s own by default.' },
    'max-tokens': { value: 'N', text: 'The most tokens of an answer.' },
    raw: { text: 'Shows what the server sends, byte for byte with times, instead of the text.' },
    'no-history': {
      text: 'Keeps no line that is typed. By default they are kept in $XDG_STATE_HOME/sluice/chat-history, below ~/.local/state where that is not set.',
    },
    key: {
      value: 'KEY',
      text: 'Sent as "Authorization: Bearer KEY". Better in SLUICE_CLIENT_KEY: a process list shows flags.',
    },
  },
} as const

const DEFAULT_URL = 'http://127.0.0.1:8787/v1'

type Options = Given<Extract<keyof typeof usage.table, string>>

export const tool = defineTool(usage, async (given, bench) => {
  const chat = chatOf(given, bench)
  const isTyped = process.stdin.isTTY === true && (await bench.out.isTerminal())
  return chat.words.length === 0 && isTyped ? talk(chat) : answerOnce(chat)
})

interface Chat {
  bench: ToolContext
  given: Options
  /** What is to be asked. */
  words: string[]
  server: ChatServer
  settings: Partial<ChatRequest>
  remedy(failed: { code: string | null; status: number }): string | undefined
}

function chatOf(given: Options, bench: ToolContext): Chat {
  const { url, words } = split(given.words)
  const target = targetOf(url ?? DEFAULT_URL, given.text('key'), 'chat')
  const temperature = given.number('temperature', 0, 2)
  const most = given.number('max-tokens', 1, Number.MAX_SAFE_INTEGER)
  if (most !== undefined && !Number.isInteger(most)) {
    throw new SettingsError(`--max-tokens: expected an integer, got ${most}.`)
  }
  const server = new ChatServer(bench.fetch, target)
  return {
    ...{ bench, given, words, server },
    settings: {
      ...(temperature !== undefined && { temperature }),
      ...(most !== undefined && { max_tokens: most }),
    },
    remedy({ code, status }) {
      if (status === 401 && target.key === undefined) {
        return `${server.name} asks for a key: put it into ${CLIENT_KEY}.`
      }
      if (code !== UNREACHABLE || url !== undefined) return undefined
      return `Nothing listens at ${DEFAULT_URL}: start sluice, or name another server, as in "sluice chat URL".`
    },
  }
}

/** The first word is a URL, unless it can't be one: a sentence, or what stands for the input. */
function split(words: readonly string[]): { url: string | undefined; words: string[] } {
  const [first, ...rest] = words
  const isUrl = first !== undefined && first !== '-' && !/\s/.test(first)
  return isUrl ? { url: first, words: rest } : { url: undefined, words: [...words] }
}

async function talk(chat: Chat): Promise<number> {
  const { bench, given, server, settings } = chat
  const style = terminalStyle(true, process.env)
  const model = await modelOf(chat)
  if (model === null) return 1
  const historyFile = given.has('no-history') ? undefined : historyPath()
  const history = historyFile === undefined ? [] : await readHistory(historyFile)
  const editor = new Editor(history, (line) => {
    if (historyFile !== undefined) void keepLine(historyFile, line)
  })
  bench.signal.addEventListener('abort', () => editor.close())
  const session = new Session({
    ...{ bench, server, editor, style, model, settings, historyFile },
    system: given.text('system'),
    raw: given.has('raw'),
    remedy: ({ outcome }) => (outcome.how === 'failed' ? chat.remedy(outcome) : undefined),
  })
  await session.run().finally(() => editor.close())
  return 0
}

/** The model to ask; undefined where the server has to choose; null where it can't be asked. */
async function modelOf(chat: Chat): Promise<string | undefined | null> {
  const { bench, given, server, remedy } = chat
  const named = given.text('model')
  try {
    const models = await server.models(bench.signal)
    return named ?? models.find(({ loaded }) => loaded !== false)?.id
  } catch (error) {
    const failed = failure(error)
    const isFinal = failed.code === UNREACHABLE || failed.status === 401 || bench.signal.aborted
    // Some servers have no list.
    if (!isFinal) return named
    bench.err.write(`sluice: ${printable(remedy(failed) ?? failed.message)}\n`)
    return null
  }
}

async function answerOnce(chat: Chat): Promise<number> {
  const { bench, given, server, settings, remedy } = chat
  const prompt = await promptOf(chat.words)
  const model = given.text('model') ?? (await modelOf(chat))
  if (model === null) return 1
  const system = given.text('system')
  const request: ChatRequest = {
    ...settings,
    ...(model !== undefined && { model }),
    messages: [
      ...(system === undefined ? [] : [{ role: 'system' as const, content: system }]),
      { role: 'user', content: prompt },
    ],
  }
  const signal = AbortSignal.any([bench.signal, readerLeft()])
  const listener = await listenerOf(chat)
  const answer = await readAnswer(server, request, signal, listener)
  listener.end()
  return report(answer, bench, remedy)
}

/** Says on the standard error what a script must not mistake for a whole answer. */
function report({ outcome }: ChatAnswer, { err }: ToolContext, remedy: Chat['remedy']): number {
  if (outcome.how === 'finished' && outcome.reason === 'stop') return 0
  const told = outcome.how === 'failed' ? remedy(outcome) : undefined
  err.write(`sluice: ${told ?? outcomeText(outcome)}\n`)
  return outcome.how === 'finished' ? 0 : outcome.how === 'failed' ? 1 : 130
}

/** On a terminal what can do no harm there; anywhere else the very text. */
async function listenerOf({ bench, given }: Chat) {
  const onTerminal = await bench.out.isTerminal()
  const write = (text: string) => bench.out.write(text)
  const raw = given.has('raw')
  const style = terminalStyle(onTerminal, process.env)
  if (raw || onTerminal) {
    const printer = new Printer({ write, style, raw, waits: false })
    return Object.assign(printer, { reasoning: () => {} })
  }
  let last = '\n'
  const text = (piece: string) => {
    last = piece.at(-1) ?? last
    write(piece)
  }
  const none = () => {}
  return {
    text,
    end: () => last !== '\n' && write('\n'),
    head: none,
    packet: none,
    reasoning: none,
    call: none,
  }
}

/** Aborts when nobody reads the standard output any more, as `head` does when it has enough. */
function readerLeft(): AbortSignal {
  const gone = new AbortController()
  process.stdout.on('error', () => gone.abort())
  return gone.signal
}

/** The words as one text, the standard input as a paragraph of its own. Rejects with a `SettingsError`. */
async function promptOf(words: readonly string[]): Promise<string> {
  const paragraphs = ['']
  for (const word of words.length === 0 ? ['-'] : words) {
    if (word === '-') paragraphs.push((await readInput()).trim(), '')
    else paragraphs.push(`${paragraphs.pop()} ${word}`.trimStart())
  }
  const prompt = paragraphs.filter((paragraph) => paragraph !== '').join('\n\n')
  if (prompt !== '') return prompt
  throw new SettingsError('chat: expected a prompt, got nothing.')
}

async function readInput(): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const part of process.stdin)
    text += decoder.decode(part as Uint8Array, { stream: true })
  return text + decoder.decode()
}
