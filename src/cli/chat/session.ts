/** A chat in a terminal: sends what is typed, and prints the answers. */
import { writeFile } from 'node:fs/promises'
import type { Model } from '../../engines/engine.ts'
import { closestMatches } from '../../util/closest-matches.ts'
import { terminalLine } from '../../util/safe/terminal.ts'
import type { ChatRequest } from '../../wire/chat/request.ts'
import { histogram } from '../sparkline.ts'
import type { TerminalStyle } from '../startup.ts'
import type { ToolContext } from '../tools/tool.ts'
import { type ChatAnswer, failure, readAnswer } from './answer.ts'
import { type CommandName, helpLines, readEntry } from './commands.ts'
import { Composer } from './composer.ts'
import { ChatConversation } from './conversation.ts'
import type { Editor, EditorInput } from './editor.ts'
import { Printer } from './printer.ts'
import type { ChatServer } from './server.ts'
import { folded, gapsOf, summaryLines } from './summary.ts'

export interface SessionOptions {
  context: ToolContext
  server: ChatServer
  editor: Editor
  style: TerminalStyle
  model: string | undefined
  system: string | undefined
  raw: boolean
  /** The fields of every request besides its messages and its model. */
  settings: Partial<ChatRequest>
  historyFile: string | undefined
  /** What to do about a failure, in a sentence. */
  remedy(answer: ChatAnswer): string | undefined
}

/** Columns if the terminal does not report its width. */
const WIDTH = 80

export class Session {
  readonly #options: SessionOptions
  readonly #conversation: ChatConversation
  readonly #composer = new Composer()
  #model: string | undefined
  #raw: boolean
  #last: ChatAnswer | undefined
  #leaves = false
  #leaving = false

  constructor(options: SessionOptions) {
    this.#options = options
    this.#conversation = new ChatConversation(options.system)
    this.#model = options.model
    this.#raw = options.raw
  }

  /** Resolves when the chat ends. */
  async run(): Promise<void> {
    const { server, editor } = this.#options
    const model = this.#model === undefined ? 'the model it chooses' : terminalLine(this.#model)
    this.#say(`${terminalLine(server.name)}, ${model}. /help lists the commands.`)
    while (!this.#leaves) {
      const typed = await editor.read(this.#composer.isOpen ? '. ' : '> ')
      await this.#take(typed)
    }
  }

  async #take(typed: EditorInput): Promise<void> {
    if (typed.kind === 'end') this.#leaves = true
    else if (typed.kind === 'interrupt') this.#interrupted(typed.empty && !this.#composer.isOpen)
    else {
      this.#leaving = false
      const composed = this.#composer.add(typed.text, typed.pasted)
      if (composed === undefined || composed.text.trim() === '') return
      await (composed.quoted ? this.#ask(composed.text) : this.#enter(composed.text))
    }
  }

  #interrupted(atEmptyPrompt: boolean): void {
    this.#composer.clear()
    if (!atEmptyPrompt) this.#leaving = false
    else if (this.#leaving) this.#leaves = true
    else {
      this.#leaving = true
      this.#say('Press Ctrl-C again to leave, or Ctrl-D.')
    }
  }

  async #enter(text: string): Promise<void> {
    const entry = readEntry(text)
    if (entry.kind === 'message') await this.#ask(entry.text)
    else if (entry.kind === 'unknown') this.#say(entry.message)
    else if (entry.kind === 'command') await this.#commands[entry.name](entry.rest)
  }

  readonly #commands: Record<CommandName, (rest: string) => Promise<void> | void> = {
    help: () => {
      for (const line of helpLines(this.#options.historyFile, this.#width)) this.#write(`${line}\n`)
    },
    model: (name) => this.#chooseModel(name),
    system: (text) => this.#setSystem(text),
    raw: () => {
      this.#raw = !this.#raw
      this.#say(
        this.#raw
          ? 'Bytes are shown as they arrive: ␊ and ␍ are line ends, <e2> is a byte that is not part of a character.'
          : 'The text of answers is shown again.',
      )
    },
    gaps: () => {
      const rows = histogram(this.#last ? gapsOf(this.#last) : [], this.#width)
      if (rows.length === 0) this.#say('No answer has arrived in more than one packet yet.')
      for (const row of rows) this.#write(`${row}\n`)
    },
    retry: async () => {
      const prompt = this.#conversation.again()
      if (prompt === undefined) this.#say('No message has been sent yet.')
      else await this.#ask(prompt)
    },
    clear: () => {
      this.#conversation.clear()
      this.#say('A new conversation begins.')
    },
    save: (file) => this.#save(file),
    exit: () => {
      this.#leaves = true
    },
  }

  async #ask(prompt: string): Promise<void> {
    const { context, server, editor, style, settings, remedy } = this.#options
    const stop = new AbortController()
    editor.onInterrupt = () => stop.abort()
    const model = this.#model
    const request = {
      ...settings,
      ...(model !== undefined && { model }),
      messages: this.#conversation.asking(prompt),
    }
    const write = (text: string) => this.#write(text)
    const printer = new Printer({ write, style, raw: this.#raw, waits: true })
    const signal = AbortSignal.any([context.signal, stop.signal])
    const answer = await readAnswer(server, request, signal, printer)
    editor.onInterrupt = undefined
    printer.end()
    this.#last = answer
    for (const line of summaryLines(answer, this.#width)) this.#write(`${style.weak(line)}\n`)
    const isKept = this.#conversation.keep(answer)
    if (answer.outcome.how === 'failed') {
      this.#say(
        remedy(answer) ?? 'It is not part of the conversation; /retry sends the message again.',
      )
    } else if (!isKept) this.#say('An answer without text is not part of the conversation.')
  }

  async #chooseModel(name: string): Promise<void> {
    const { context, server } = this.#options
    const models = await server.models(context.signal).catch((error: unknown) => {
      this.#say(failure(error).message)
      return []
    })
    if (name === '') {
      this.#showModels(models)
      return
    }
    const names = models.map(({ id }) => id)
    // Without a list, any model may exist.
    if (names.length > 0 && !names.includes(name)) {
      const near = closestMatches(name, names)
      const known = near.length > 0 ? `did you mean ${near.join(' or ')}?` : names.join(', ')
      this.#say(`There is no model ${name}: ${known}`)
      return
    }
    this.#model = name
    this.#say(`The model is now ${name}.`)
  }

  #showModels(models: readonly Model[]): void {
    const { style } = this.#options
    if (models.length === 0) this.#say('The server lists no models.')
    for (const { id, loaded } of models) {
      const name = terminalLine(id)
      const shown = id === this.#model ? `* ${style.strong(name)}` : `  ${name}`
      this.#write(`${shown}${loaded === false ? style.weak('  not loaded') : ''}\n`)
    }
  }

  #setSystem(text: string): void {
    const conversation = this.#conversation
    if (text !== '') conversation.system = text === '-' ? undefined : text
    const { system } = conversation
    this.#say(system === undefined ? 'There is no system message.' : system)
  }

  async #save(file: string): Promise<void> {
    if (file === '') return this.#say('/save: expected the name of a file, got nothing.')
    const saved = { model: this.#model, messages: this.#conversation.messages() }
    await writeFile(file, `${JSON.stringify(saved, null, 2)}\n`, { flag: 'wx' }).then(
      () => this.#say(`Saved to ${file}.`),
      (error: Error) => this.#say(error.message),
    )
  }

  get #width(): number {
    return process.stdout.columns || WIDTH
  }

  #write(text: string): void {
    this.#options.context.out.write(text)
  }

  #say(text: string): void {
    for (const line of folded(text, this.#width))
      this.#write(`${this.#options.style.weak(terminalLine(line))}\n`)
  }
}
