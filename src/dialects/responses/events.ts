/** Writes the events of one response: each has its name twice, and its number. */
export class EventWriter {
  /** Told of each frame as it is written, where somebody keeps them. */
  onFrame: ((frame: string) => void) | undefined
  /** Whether nobody hears it: the answer is told whole. */
  isMuted = false
  #text = ''
  #count = 0

  write(type: string, fields: object): void {
    if (this.isMuted) return
    const event = { type, sequence_number: this.number(), ...fields }
    const frame = `event: ${type}\ndata: ${JSON.stringify(event)}\n\n`
    this.onFrame?.(frame)
    this.#text += frame
  }

  /** The number of an event that somebody else writes. */
  number(): number {
    return this.#count++
  }

  /** What was written since it was last taken. */
  take(): string {
    const text = this.#text
    this.#text = ''
    return text
  }
}
