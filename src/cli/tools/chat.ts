import { CLIENT_KEY } from '../../settings/environment.ts'
import { SettingsError } from '../../settings/settings.ts'
import { terminalLine } from '../../util/safe/terminal.ts'
import type { ChatRequest } from '../../wire/chat/request.ts'
import { type ChatAnswer, failure, readAnswer, UNREACHABLE } from '../chat/answer.ts'
import { Editor } from '../chat/editor.ts'
import { historyPath, keepLine, readHistory } from '../chat/history.ts'
import { Printer } from '../chat/printer.ts'
import { ChatServer } from '../chat/server.ts'
import { Session } from '../chat/session.ts'
import { outcomeText } from '../chat/summary.ts'
import type { Given } from '../options.ts'
import { terminalStyle } from '../startup.ts'
import { targetOf } from '../target.ts'
import { defineTool } from './define-tool.ts'
import type { ToolContext } from './tool.ts'

const usage = {
  line: 'sluice chat [URL] [PROMPT | -] [options]',
  text: 'Chats with a model in the terminal. Below each answer it prints how fast it came and how it\nended. Ctrl-C stops an answer; /help lists the commands. URL is the root of an OpenAI-compatible\nAPI, by default sluice on this machine. With a PROMPT, or without a terminal, it answers once and\nprints only the text; - stands for the standard input. The exit code is 0 for an answer that\nfinished, 1 for one that failed, and 130 for one that was stopped.',
  table: {
    model: {
      value: 'NAME',
      short: 'm',
      text: 'The model to use; by default the first that the server lists.',
    },
    system: { value: 'TEXT', short: 's', text: 'The system message.' },
    temperature: { value: 'N', text: 'From 0 to 2; by default the server decides.' },
    'max-tokens': { value: 'N', text: 'The maximum number of tokens in an answer.' },
    raw: { text: 'Show the bytes that the server sends, with times, instead of the text.' },
    'no-history': {
      text: 'Do not save what you type. By default it is saved in $XDG_STATE_HOME/sluice/chat-history; where that variable is not set, below ~/.local/state.',
    },
    key: {
      value: 'KEY',
      text: 'Sent as "Authorization: Bearer KEY". SLUICE_CLIENT_KEY is safer: the list of processes shows flags.',
    },
  },
} as const

const DEFAULT_URL = 'http://127.0.0.1:8787/v1'

type Options = Given<Extract<keyof typeof usage.table, string>>

export const tool = defineTool(usage, async (given, context) => {
  const chat = chatOf(given, context)
  const isTyped = process.stdin.isTTY === true && (await context.out.isTerminal())
  return chat.words.length === 0 && isTyped ? talk(chat) : answerOnce(chat)
})

interface Chat {
  context: ToolContext
  given: Options
  /** The prompt, in words. */
  words: string[]
  server: ChatServer
  settings: Partial<ChatRequest>
  remedy(failed: { code: string | null; status: number }): string | undefined
}

function chatOf(given: Options, context: ToolContext): Chat {
  const { url, words } = split(given.words)
  const target = targetOf(url ?? DEFAULT_URL, given.text('key'), 'chat')
  const temperature = given.number('temperature', 0, 2)
  const most = given.number('max-tokens', 1, Number.MAX_SAFE_INTEGER)
  if (most !== undefined && !Number.isInteger(most)) {
    throw new SettingsError(`--max-tokens: expected a whole number, got ${most}.`)
  }
  const server = new ChatServer(context.fetch, target)
  return {
    ...{ context, given, words, server },
    settings: {
      ...(temperature !== undefined && { temperature }),
      ...(most !== undefined && { max_tokens: most }),
    },
    remedy({ code, status }) {
      if (status === 401 && target.key === undefined) {
        return `${server.name} needs a key, and none was sent; set ${CLIENT_KEY}.`
      }
      if (code !== UNREACHABLE || url !== undefined) return undefined
      return `No server answers at ${DEFAULT_URL}; start sluice, or name another server with "sluice chat URL".`
    },
  }
}

/** The first word is a URL, unless it is a sentence, or stands for the standard input. */
function split(words: readonly string[]): { url: string | undefined; words: string[] } {
  const [first, ...rest] = words
  const isUrl = first !== undefined && first !== '-' && !/\s/.test(first)
  return isUrl ? { url: first, words: rest } : { url: undefined, words: [...words] }
}

async function talk(chat: Chat): Promise<number> {
  const { context, given, server, settings } = chat
  const style = terminalStyle(true, process.env)
  const model = await modelOf(chat)
  if (model === null) return 1
  const historyFile = given.has('no-history') ? undefined : historyPath()
  const history = historyFile === undefined ? [] : await readHistory(historyFile)
  const editor = new Editor(history, (line) => {
    if (historyFile !== undefined) void keepLine(historyFile, line)
  })
  context.signal.addEventListener('abort', () => editor.close())
  const session = new Session({
    ...{ context, server, editor, style, model, settings, historyFile },
    system: given.text('system'),
    raw: given.has('raw'),
    remedy: ({ outcome }) => (outcome.how === 'failed' ? chat.remedy(outcome) : undefined),
  })
  await session.run().finally(() => editor.close())
  return 0
}

/** The model to use; undefined if the server has to choose; null if the server cannot be reached. */
async function modelOf(chat: Chat): Promise<string | undefined | null> {
  const { context, given, server, remedy } = chat
  const named = given.text('model')
  try {
    const models = await server.models(context.signal)
    return named ?? models.find(({ loaded }) => loaded !== false)?.id
  } catch (error) {
    const failed = failure(error)
    const isFinal = failed.code === UNREACHABLE || failed.status === 401 || context.signal.aborted
    // Some servers have no list.
    if (!isFinal) return named
    context.err.write(`sluice: ${terminalLine(remedy(failed) ?? failed.message)}\n`)
    return null
  }
}

async function answerOnce(chat: Chat): Promise<number> {
  const { context, given, server, settings, remedy } = chat
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
  const signal = AbortSignal.any([context.signal, readerLeft()])
  const listener = await listenerOf(chat)
  const answer = await readAnswer(server, request, signal, listener)
  listener.end()
  return report(answer, context, remedy)
}

/** Reports on standard error why an answer is not complete, so that a script does not take it for one. */
function report({ outcome }: ChatAnswer, { err }: ToolContext, remedy: Chat['remedy']): number {
  if (outcome.how === 'finished' && outcome.reason === 'stop') return 0
  const advice = outcome.how === 'failed' ? remedy(outcome) : undefined
  err.write(`sluice: ${terminalLine(advice ?? outcomeText(outcome))}\n`)
  return outcome.how === 'finished' ? 0 : outcome.how === 'failed' ? 1 : 130
}

/** On a terminal, text without control characters; elsewhere, exactly the text that came. */
async function listenerOf({ context, given }: Chat) {
  const onTerminal = await context.out.isTerminal()
  const write = (text: string) => context.out.write(text)
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
    lost: none,
    reasoning: none,
    call: none,
  }
}

/** Aborts when standard output was closed, as `head` closes it when it has enough. */
function readerLeft(): AbortSignal {
  const gone = new AbortController()
  process.stdout.on('error', () => gone.abort())
  return gone.signal
}

/** The words as one text, with the standard input as a paragraph. Rejects with a `SettingsError`. */
async function promptOf(words: readonly string[]): Promise<string> {
  const paragraphs = ['']
  for (const word of words.length === 0 ? ['-'] : words) {
    if (word === '-') paragraphs.push((await readInput()).trim(), '')
    else paragraphs.push(`${paragraphs.pop()} ${word}`.trimStart())
  }
  const prompt = paragraphs.filter((paragraph) => paragraph !== '').join('\n\n')
  if (prompt !== '') return prompt
  throw new SettingsError(
    'chat: expected a prompt, got nothing; give one as an argument or on standard input.',
  )
}

async function readInput(): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const part of process.stdin)
    text += decoder.decode(part as Uint8Array, { stream: true })
  return text + decoder.decode()
}
