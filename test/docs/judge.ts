/** Judges the blocks of a page one after the other, in the place of that page. */
import { type ParseError, parse as parseJsonc, printParseErrorCode } from 'jsonc-parser'
import { parseDocument } from 'yaml'
import { readCommand } from '../../src/cli/command.ts'
import { type DocBlock, placeOf, REASONS } from './blocks.ts'
import { clientOf, hasPython } from './clients.ts'
import { nginxFault } from './nginx.ts'
import type { Place } from './place.ts'
import type { Ran, Shell } from './shell.ts'

/**
 * Milliseconds for a block, which a busy machine may take many times as long for, and for one that goes on until it
 * is stopped.
 */
const LIMIT = 90_000
const WATCHED = 900

/** What is judged of blocks in other languages: nothing, or elsewhere, as type checks are. */
const ELSEWHERE = ['js', 'ts', 'python', 'toml', 'html', 'csv', 'txt']

export class Judge {
  readonly #place: Place
  readonly #shell: Shell
  #last: Ran | undefined
  /** Whether the last block was one that takes seconds, and was left out with its output. */
  #isLeftOut = false

  readonly #isLong: boolean

  /** `isLong` runs the blocks that take seconds, too. */
  constructor(place: Place, shell: Shell, isLong = false) {
    this.#place = place
    this.#shell = shell
    this.#isLong = isLong
  }

  /** What is wrong with a block; undefined where nothing is. */
  async faultOf(block: DocBlock): Promise<string | undefined> {
    const fault = await this.#judge(block)
    return fault === undefined ? undefined : `${placeOf(block)}: ${fault}`
  }

  async #judge(block: DocBlock): Promise<string | undefined> {
    const { language, words } = block
    const reason = words.get('not-run')
    if (reason !== undefined) return reasonFault(reason)
    if (clientOf(block) === 'driven') return undefined
    if (words.has('long')) this.#isLeftOut = !this.#isLong
    else if (!words.has('output')) this.#isLeftOut = false
    if (this.#isLeftOut) return undefined
    const text = await this.#place.withAddresses(block.text)
    const path = words.get('file')
    if (path) this.#place.write(path, text)
    if (/^python3 /m.test(text) && !hasPython()) return undefined
    if (language === 'sh') return this.#ofShell(block, text)
    if (language === 'json' || language === 'jsonc') return this.#ofJson(block, text)
    if (language === 'yaml') return parseDocument(text).errors[0]?.message
    if (language === 'nginx') return nginxFault(this.#place.folder, text)
    if (language === 'text') return words.has('output') ? this.#ofOutput(block) : undefined
    if (language === 'js' && words.has('run')) return this.#ofProgram(block, text)
    if (ELSEWHERE.includes(language)) return undefined
    return `expected a language that is judged, got "${language}"; use text where there is none.`
  }

  async #ofShell({ words }: DocBlock, text: string): Promise<string | undefined> {
    const before = this.#place.entries.length
    const stops = words.has('stops')
    const ran = await this.#shell.run(text, stops ? WATCHED : LIMIT, words.has('stays'))
    this.#last = ran
    const expected = Number(words.get('exit') ?? 0)
    if (stops && ran.output === '') return 'expected output before it is stopped, got none.'
    if (!stops && ran.code !== expected) return `exit ${ran.code}\n${shortened(ran.output)}`
    // The checker sends requests that have to be refused.
    if (words.has('fails') || /\b(check|doctor)\b/.test(text)) return undefined
    const failed = this.#place.entries.slice(before).find(isFailure)
    return (
      failed &&
      `the request ${failed.path} was ${failed.outcome}: ${failed.code}\n${shortened(ran.output)}`
    )
  }

  async #ofProgram(block: DocBlock, text: string): Promise<string | undefined> {
    this.#place.write('program.mjs', text)
    return this.#ofShell(block, 'node program.mjs')
  }

  async #ofJson({ language, words }: DocBlock, text: string): Promise<string | undefined> {
    if (words.has('lines')) {
      for (const line of text.trim().split('\n')) JSON.parse(line)
      return undefined
    }
    const errors: ParseError[] = []
    parseJsonc(text, errors, { disallowComments: language === 'json' })
    const [error] = errors
    if (error) return `${printParseErrorCode(error.error)} at character ${error.offset}`
    if (
      words.has('answer') ||
      (words.has('file') && !/sluice\.jsonc?$/.test(`${words.get('file')}`))
    )
      return undefined
    this.#place.write('.judged.jsonc', text)
    const config = `${this.#place.folder}/.judged.jsonc`
    return readCommand(['--config', config]).then(
      (command) => (typeof command === 'string' ? undefined : command.warnings[0]),
      (refusal: Error) => refusal.message,
    )
  }

  /** Whether the block before printed these lines; `…` stands for any characters. */
  #ofOutput({ text }: DocBlock): string | undefined {
    const printed = this.#last?.output ?? ''
    const lines = text.split('\n').filter((line) => line.trim() !== '' && line.trim() !== '…')
    const missing = lines.find((line) => !patternOf(line).test(printed))
    return missing && `expected the output to have "${missing}", got:\n${shortened(printed)}`
  }
}

function shortened(output: string): string {
  return output.length <= 1_500 ? output : `${output.slice(0, 700)}\n…\n${output.slice(-700)}`
}

function isFailure({ outcome }: { outcome: string }): boolean {
  return outcome === 'refused' || outcome === 'failed'
}

function reasonFault(reason: string): string | undefined {
  if (Object.hasOwn(REASONS, reason)) return undefined
  return `not-run: expected one of ${Object.keys(REASONS).join(', ')}, got "${reason}".`
}

function patternOf(line: string): RegExp {
  const parts = line.trimEnd().split('…')
  return new RegExp(parts.map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')).join('.*'))
}
