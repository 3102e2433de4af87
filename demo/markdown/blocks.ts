/**
 * Splits a growing Markdown text into blocks that can be shown one by one, so that a new token costs what
 * its block costs and not what the answer costs. Where a text is split depends on the text alone, and not
 * on the pieces in which it came.
 */
import { Lexer, type Token, type Tokens } from 'marked'

export interface Block {
  text: string
  /** A fenced block of code, which needs no Markdown. */
  code?: { language: string; text: string }
  /** It goes on with the list of the block before. */
  isContinued?: boolean
  /** It is nested too deeply to be read as Markdown. */
  isPlain?: boolean
}

/** Characters after which a block is split although it goes on: a list between items, others between lines. */
const MOST = 24_000
const MOST_OF_LIST = 4_000

const CONTAINERS = 'blockquote|center|details|div|dl|figure|ol|p|section|table|ul'
const TAG = new RegExp(`<(/?)(?:${CONTAINERS})(?=[\\s/>])`, 'gi')

export class BlockSplitter {
  /** How much of the text is in blocks that don't change any more. */
  #done = 0
  #isContinued = false
  /** The first two lines of a table that was split. */
  #head = ''
  #isPlain = false
  /** Definitions of links, which count in every block. */
  definitions = ''

  /** The blocks that are complete since the last call, and the one that still grows. */
  split(text: string): { complete: Block[]; growing: Block | undefined } {
    const complete: Block[] = []
    for (;;) {
      const rest = text.slice(this.#done)
      const tokens = this.#tokensOf(rest)
      if (tokens === undefined) {
        return { complete, growing: rest === '' ? undefined : { text: rest, isPlain: true } }
      }
      const growing = this.#take(groupsOf(tokens), rest, complete)
      if (growing !== 'again') return { complete, growing }
    }
  }

  /** Adds the blocks that are complete. Returns the one that is not, or `again` where one was split. */
  #take(groups: Token[][], rest: string, complete: Block[]): Block | undefined | 'again' {
    const settled = startOfLastLine(rest)
    let start = 0
    for (const [index, group] of groups.entries()) {
      const size = sizeOf(group)
      const part = sizeOfPart(group, rest.slice(start))
      if (part > 0) {
        const own = rest.slice(start, start + part)
        complete.push(this.#block([], own))
        const [first] = group
        this.#isContinued = first?.type === 'list'
        this.#head = first?.type === 'table' ? this.#head || own.split('\n', 2).join('\n') : ''
        this.#done += part
        return 'again'
      }
      const own = rest.slice(start, start + size)
      // Nothing that comes can join what follows to this block: a whole line of it is there.
      const isComplete = index < groups.length - 1 && start + size <= settled
      if (!isComplete) return this.#block(group, rest.slice(start))
      if (own.trim() !== '') complete.push(this.#block(group, own))
      this.#isContinued = false
      this.#head = ''
      this.#done += size
      start += size
    }
    return undefined
  }

  #tokensOf(rest: string): Token[] | undefined {
    if (this.#isPlain) return undefined
    const source = this.#head === '' ? rest : `${this.#head}\n${rest}`
    try {
      const tokens = new Lexer({ gfm: true, breaks: true }).blockTokens(source, [])
      const [first] = tokens
      if (this.#head !== '' && first) first.raw = first.raw.slice(this.#head.length + 1)
      return tokens
    } catch {
      // The stack ends before the nesting does.
      this.#isPlain = true
      return undefined
    }
  }

  #block(tokens: Token[], text: string): Block {
    for (const { type, raw } of tokens) {
      const isNew = type === 'def' && !this.definitions.includes(raw.trim())
      if (isNew && this.definitions.length < MOST_OF_LIST) this.definitions += `${raw.trim()}\n`
    }
    const shown = tokens.filter(({ type }) => type !== 'space' && type !== 'def')
    const [only] = shown
    const isCode = shown.length === 1 && only?.type === 'code' && /^ {0,3}[`~]{3}/.test(only.raw)
    const { lang = '', text: inner = '' } = isCode ? (only as Tokens.Code) : {}
    return {
      text: this.#head === '' ? text : `${this.#head}\n${text}`,
      ...(isCode && { code: { language: lang.split(/\s/, 1)[0] ?? '', text: inner } }),
      ...(this.#isContinued && { isContinued: true }),
    }
  }
}

/** The tokens of each block: white space belongs to what is before it, and HTML lasts to its end tag. */
function groupsOf(tokens: readonly Token[]): Token[][] {
  const groups: Token[][] = []
  let group: Token[] | undefined
  let size = 0
  let depth = 0
  for (const token of tokens) {
    const isOpen = depth > 0 && size < MOST
    if (group === undefined || (token.type !== 'space' && !isOpen)) {
      group = []
      groups.push(group)
      size = depth = 0
    }
    group.push(token)
    size += token.raw.length
    if (token.type === 'html') depth = Math.max(0, depth + opened(token.raw))
  }
  return groups
}

function opened(html: string): number {
  let count = 0
  for (const [, slash] of html.matchAll(TAG)) count += slash === '/' ? -1 : 1
  return count
}

function sizeOf(tokens: readonly Token[]): number {
  return tokens.reduce((sum, { raw }) => sum + raw.length, 0)
}

/**
 * Where the last whole line starts that is not blank. A line that is not whole may mean something else
 * soon: one with `#` or `***` may still become a part of the paragraph above. -1: there is none.
 */
function startOfLastLine(text: string): number {
  const end = text.slice(0, text.lastIndexOf('\n') + 1).trimEnd().length
  return end === 0 ? -1 : text.lastIndexOf('\n', end - 1) + 1
}

/** Where a block that has become too long is split; 0 where it is not. */
function sizeOfPart([first]: readonly Token[], rest: string): number {
  if (first === undefined || first.type === 'code') return 0
  if (first.type === 'list' && first.raw.length > MOST_OF_LIST) {
    const { items } = first as Tokens.List
    let size = 0
    // The last item may grow, and the one before it may be joined to it.
    for (const { raw } of items.slice(0, -2)) {
      size += raw.length
      if (size >= MOST_OF_LIST) return size
    }
  }
  return first.raw.length > MOST * 1.5 ? rest.lastIndexOf('\n', MOST) + 1 || MOST : 0
}
