/** Keeps what a page shows of an answer equal to its Markdown, which grows. */
import { toNodes } from '../markdown.ts'
import { type Block, BlockSplitter } from './blocks.ts'
import { CodeBox } from './code-box.ts'
import { merge } from './merge.ts'

/** Milliseconds of a frame that may be spent on rendering; what is left follows in the next one. */
const MOST_TIME = 12

interface Shown {
  block: Block
  element: HTMLElement
  code?: CodeBox
  /** The definitions of links that it was rendered with. */
  definitions: string
}

export class AnswerView {
  readonly #place: HTMLElement
  #splitter = new BlockSplitter()
  #text = ''
  #isLive = false
  /** The blocks that are complete. */
  #blocks: Block[] = []
  #growing: Block | undefined
  #shown: Shown[] = []
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(place: HTMLElement) {
    this.#place = place
  }

  /** `isLive`: more of the text may come. */
  show(text: string, isLive: boolean): void {
    const clean = text.includes('\r') ? text.replace(/\r\n?/g, '\n') : text
    if (!clean.startsWith(this.#text)) this.#clear()
    this.#text = clean
    this.#isLive = isLive
    const { complete, growing } = this.#splitter.split(clean)
    this.#blocks.push(...complete)
    this.#growing = growing
    clearTimeout(this.#timer)
    this.#draw()
  }

  remove(): void {
    clearTimeout(this.#timer)
  }

  #clear(): void {
    this.#splitter = new BlockSplitter()
    this.#blocks = []
    this.#shown = []
    this.#place.replaceChildren()
  }

  #draw(): void {
    const until = performance.now() + MOST_TIME
    const all = this.#growing === undefined ? this.#blocks : [...this.#blocks, this.#growing]
    for (const [index, block] of all.entries()) {
      if (this.#isDrawn(index, block)) continue
      if (performance.now() > until) {
        this.#timer = setTimeout(() => this.#draw())
        return
      }
      this.#drawBlock(index, block)
    }
    for (const { element } of this.#shown.splice(all.length)) element.remove()
  }

  #isDrawn(index: number, block: Block): boolean {
    const shown = this.#shown[index]
    if (shown?.block !== block) return false
    // While the answer grows, a definition counts from where it stands; at the end in what is before it too.
    const { definitions } = this.#splitter
    return this.#isLive || shown.definitions === definitions || !block.text.includes('[')
  }

  #drawBlock(index: number, block: Block): void {
    const before = this.#shown[index]
    const { definitions } = this.#splitter
    const isGrowing = this.#isLive && block === this.#growing
    const language = block.code?.language
    const isSameKind = before !== undefined && before.block.code?.language === language
    const element = isSameKind ? before.element : document.createElement('div')
    element.className = block.isContinued ? 'block continued' : 'block'
    const shown: Shown = { block, element, definitions }
    if (block.code === undefined) merge(element, nodesOf(block, definitions), isGrowing)
    else {
      shown.code = before?.code && isSameKind ? before.code : new CodeBox(block.code.language)
      shown.code.show(block.code.text, isGrowing)
      if (shown.code.element.parentNode !== element) element.replaceChildren(shown.code.element)
    }
    if (before === undefined) this.#place.append(element)
    else if (before.element !== element) before.element.replaceWith(element)
    this.#shown[index] = shown
  }
}

function nodesOf({ text, isPlain }: Block, definitions: string): DocumentFragment {
  if (isPlain) {
    const fragment = document.createDocumentFragment()
    const plain = document.createElement('p')
    plain.className = 'plain'
    plain.textContent = text
    fragment.append(plain)
    return fragment
  }
  const isReferring = definitions !== '' && text.includes('[')
  return toNodes(isReferring ? `${text}\n\n${definitions}` : text)
}
