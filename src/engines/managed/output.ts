import { terminalText } from '../../util/safe/terminal.ts'

/** Bytes of output that are kept: some hundred lines. */
const CAPACITY = 32 * 1024

/** The last output of a program, with an upper limit, as text that a terminal shows safely. */
export class OutputTail {
  readonly #bytes = new Uint8Array(CAPACITY)
  /** All bytes that came, of which the last `CAPACITY` are kept. */
  #total = 0

  add(bytes: Uint8Array): void {
    const kept = bytes.subarray(Math.max(0, bytes.length - CAPACITY))
    this.#total += bytes.length - kept.length
    const at = this.#total % CAPACITY
    const first = kept.subarray(0, CAPACITY - at)
    this.#bytes.set(first, at)
    this.#bytes.set(kept.subarray(first.length), 0)
    this.#total += kept.length
  }

  /** The last lines, at most so many. */
  lines(count: number): string[] {
    const lines = this.#text()
      .split('\n')
      .map((line) => terminalText(line.trimEnd()))
    return lines.filter((line) => line !== '').slice(-count)
  }

  /** The last lines, for a sentence that says how the program ended. */
  get ending(): string {
    const lines = this.lines(10).map((line) => `\n  ${line}`)
    return lines.length === 0 ? '; it wrote nothing' : `; its last output:${lines.join('')}`
  }

  clear(): void {
    this.#total = 0
  }

  #text(): string {
    const at = this.#total % CAPACITY
    const isFull = this.#total > CAPACITY
    const bytes = isFull
      ? [this.#bytes.subarray(at), this.#bytes.subarray(0, at)]
      : [this.#bytes.subarray(0, this.#total)]
    const decoder = new TextDecoder()
    const text = bytes.map((each) => decoder.decode(each, { stream: true })).join('')
    // The first line is cut off where earlier bytes were overwritten.
    return isFull ? text.slice(text.indexOf('\n') + 1) : text
  }
}
