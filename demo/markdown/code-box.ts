/** A block of code: its language, a button that copies it, and the code, coloured if the language is known. */
import type { CodePart } from './highlight.ts'
import { languageOf } from './languages.ts'

/** Lines that are laid out together: of code that grows, the browser lays out only the last ones again. */
const LINES = 40

/** Characters of code that is coloured, and of those that are coloured in one task. */
const MOST = 60_000
const MOST_AT_ONCE = 12_000

/** Characters up to which code is coloured while it grows, and how often, in milliseconds. */
const MOST_LIVE = 6_000
const PAUSE = 250

export class CodeBox {
  readonly element = element('div', 'code-box')
  readonly language: string
  readonly #code = document.createElement('code')
  #text = ''
  /** What is shown of the text. */
  #shown = 0
  /** How much of what is shown has its colours. */
  #coloured = 0
  /** How many lines the last element with lines has. */
  #lines = 0
  #isGrowing = false
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(language: string) {
    this.language = language
    const pre = document.createElement('pre')
    // It scrolls by keyboard.
    pre.tabIndex = 0
    pre.append(this.#code)
    this.element.append(
      barOf(language, () => this.#text),
      pre,
    )
  }

  /** The code so far. `isGrowing`: more may come. */
  show(text: string, isGrowing: boolean): void {
    if (!text.startsWith(this.#text)) this.#clear()
    this.#text = text
    this.#isGrowing = isGrowing
    this.#add([[text.slice(this.#shown), '']])
    this.#shown = text.length
    this.#colourSoon()
  }

  #clear(): void {
    this.#code.replaceChildren()
    this.#shown = this.#coloured = 0
  }

  #colourSoon(): void {
    const most = this.#isGrowing ? MOST_LIVE : MOST
    const { length } = this.#text
    const isDone = this.#coloured === length || length > most
    if (isDone || languageOf(this.language) === undefined) return
    if (!this.#isGrowing) clearTimeout(this.#timer)
    else if (this.#timer !== undefined) return
    this.#timer = setTimeout(() => void this.#colour(), this.#isGrowing ? PAUSE : 0)
  }

  async #colour(): Promise<void> {
    const language = languageOf(this.language)
    if (language === undefined) return
    // Without the library, as offline, the code stays as it is.
    const library = await import('./highlight.ts').catch(() => undefined)
    this.#timer = undefined
    if (library === undefined) return
    const text = this.#text
    const parts: CodePart[] = []
    for (const segment of segmentsOf(text)) {
      if (parts.length > 0) await new Promise((resolve) => setTimeout(resolve))
      // It has grown, and is coloured later.
      if (this.#text !== text && !this.#isGrowing) return
      for (const part of library.partsOf(segment, language)) parts.push(part)
    }
    if (!this.#text.startsWith(text)) return
    this.#clear()
    this.#add(parts)
    this.#add([[this.#text.slice(text.length), '']])
    this.#shown = this.#text.length
    this.#coloured = text.length
    this.#colourSoon()
  }

  #add(parts: readonly CodePart[]): void {
    for (const [text, kind] of parts) {
      for (const line of text.split(/(?<=\n)/)) this.#addLine(line, kind)
    }
  }

  /** Adds at most one line. */
  #addLine(text: string, kind: string): void {
    if (text === '') return
    let lines = this.#code.lastElementChild
    if (lines === null || this.#lines >= LINES) {
      lines = element('span', 'lines')
      this.#code.append(lines)
      this.#lines = 0
    }
    if (text.endsWith('\n')) this.#lines++
    const last = lines.lastChild
    if (kind !== '') lines.append(element('span', `shj-${kind}`, text))
    else if (last instanceof Text) last.appendData(text)
    else lines.append(text)
  }
}

/** Parts of the text that end with a blank line, or else with a line. */
function segmentsOf(text: string): string[] {
  const segments: string[] = []
  for (let rest = text; rest !== ''; ) {
    const least = MOST_AT_ONCE / 2
    const blank = rest.lastIndexOf('\n\n', MOST_AT_ONCE)
    const end = blank > least ? blank + 2 : rest.lastIndexOf('\n', MOST_AT_ONCE) + 1
    const size = rest.length <= MOST_AT_ONCE ? rest.length : end || MOST_AT_ONCE
    segments.push(rest.slice(0, size))
    rest = rest.slice(size)
  }
  return segments
}

function barOf(language: string, code: () => string): HTMLElement {
  const bar = element('div', 'code-bar')
  const copy = document.createElement('button')
  copy.type = 'button'
  copy.className = 'quiet'
  copy.textContent = 'Copy'
  copy.setAttribute('aria-label', language === '' ? 'Copy code' : `Copy ${language} code`)
  copy.addEventListener('click', () => void copyCode(copy, code()))
  bar.append(element('span', '', language))
  // There is no clipboard on a page without https, except on localhost.
  if (navigator.clipboard as Clipboard | undefined) bar.append(copy)
  return bar
}

async function copyCode(button: HTMLButtonElement, code: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(code)
    button.textContent = 'Copied'
  } catch {
    button.textContent = 'Not allowed'
  }
  setTimeout(() => {
    button.textContent = 'Copy'
  }, 2_000)
}

function element(tag: string, className: string, text = ''): HTMLElement {
  const made = document.createElement(tag)
  if (className !== '') made.className = className
  made.textContent = text
  return made
}
