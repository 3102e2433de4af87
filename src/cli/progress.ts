import type { Progress } from '../engines/engine.ts'
import { terminalLine } from '../util/safe/terminal.ts'

/** Where the bar is drawn. */
interface Output {
  isTerminal(): Promise<boolean>
  write(text: string): void
}

const WIDTH = 24

/**
 * Shows how much of a model has been loaded: one line that changes on a terminal, elsewhere a line for
 * every tenth.
 */
export function progressBar(output: Output): (progress: Progress) => void {
  let shown = ''
  let isTerminal: Promise<boolean> | undefined
  return async (progress) => {
    isTerminal ??= output.isTerminal()
    const text = (await isTerminal) ? movingLine(progress) : plainLine(progress)
    if (text === shown) return
    shown = text
    output.write(text)
  }
}

/** Overwrites itself until all is loaded. */
function movingLine(progress: Progress): string {
  const filled = Math.round(progress.done * WIDTH)
  const bar = `${'█'.repeat(filled)}${'░'.repeat(WIDTH - filled)}`
  const end = progress.done >= 1 ? '\n' : ''
  return `\r\u001b[K  ${bar} ${percent(progress.done)}  ${terminalLine(progress.model)}  ${shownText(progress)}${end}`
}

function plainLine({ model, done }: Progress): string {
  const tenth = Math.floor(done * 10) / 10
  return `  loading ${terminalLine(model)}: ${percent(tenth).trim()}\n`
}

function percent(done: number): string {
  return `${String(Math.floor(done * 100)).padStart(3)} %`
}

/** The text of web-llm, cut to one short sentence. */
function shownText({ text }: Progress): string {
  return terminalLine(text.split('. ')[0] ?? '').slice(0, 60)
}
