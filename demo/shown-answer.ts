/** Shows an answer in its conversation, and the events of its stream, as they arrive. */
import { batch } from '@preact/signals'
import { ThinkSeparator } from '../src/wire/contract/think.ts'
import { payloadOf } from './api.ts'
import type { ChatFrame } from './chat-stream.ts'
import { type PendingAnswer, rememberAnswer } from './pending-answer.ts'
import { note, type Said, setMessages, wire } from './state.ts'

export class ShownAnswer {
  readonly #pending: PendingAnswer
  /** A server may leave `<think>` in the text. */
  readonly #think = new ThinkSeparator('separate')
  #waiting: ChatFrame[] = []
  #isScheduled = false
  /**
   * The number of the last event that the conversation showed before the page was loaded again: what it
   * showed is replaced when the replay has come so far, so that no text disappears meanwhile.
   */
  #heldUntil: number | undefined

  /** `pending.address` is empty until it is known. */
  constructor(pending: PendingAnswer) {
    this.#pending = pending
  }

  /** The answer can be resumed at this address. */
  set address(address: string) {
    this.#pending.address = address
    this.#remember()
  }

  /** Frames are shown once for each repaint: they arrive faster than a screen repaints. */
  add(frame: ChatFrame): void {
    const { shown } = this.#pending
    if (frame.number === 0 && shown > 0) this.#heldUntil = shown - 1
    this.#waiting.push(frame)
    if (this.#isScheduled || this.#isHeld()) return
    this.#isScheduled = true
    const flush = () => this.flush()
    // A hidden page gets no animation frames.
    if (document.hidden) setTimeout(flush, 100)
    else requestAnimationFrame(flush)
  }

  flush(): void {
    this.#isScheduled = false
    if (this.#waiting.length === 0 || this.#isHeld()) return
    const frames = this.#waiting
    this.#waiting = []
    batch(() => this.#show(frames))
    this.#remember()
  }

  end(outcome: NonNullable<Said['outcome']>, error?: string): void {
    const { tokens, frames } = wire.value
    const payloads = frames.map(payloadOf)
    const counted = payloads.findLast((payload) => payload?.usage)?.usage
    // Otherwise the error frame of the stream itself.
    const message = error ?? payloads.findLast((payload) => payload?.error)?.error?.message
    const first = tokens[0]
    const last = tokens.at(-1)
    this.#change((said) => ({
      ...said,
      outcome,
      ...(message !== undefined && { error: message }),
      ...(first !== undefined &&
        last !== undefined && {
          stats: {
            first,
            tokens: counted?.completion_tokens ?? tokens.length,
            rate: last > first ? ((tokens.length - 1) / (last - first)) * 1000 : 0,
          },
        }),
    }))
  }

  #isHeld(): boolean {
    const last = this.#waiting.findLast(({ number }) => number !== undefined)?.number
    return this.#heldUntil !== undefined && (last ?? -1) < this.#heldUntil
  }

  #show(frames: ChatFrame[]): void {
    const tokens: number[] = []
    let text = ''
    let reasoning = ''
    for (const frame of frames) {
      const payload = payloadOf(frame)
      if (frame.number !== undefined) this.#pending.shown = frame.number + 1
      if (frame.text.startsWith(':')) note.value = frame.text.slice(1).trim()
      const choice = payload?.choices?.[0]
      const delta = choice?.delta
      const finish_reason = choice?.finish_reason ? 'stop' : null
      if (delta) this.#think.separate({ index: 0, delta, finish_reason })
      const thought = delta?.reasoning_content ?? delta?.reasoning ?? ''
      if (delta?.content || thought) tokens.push(frame.at)
      text += delta?.content ?? ''
      reasoning += thought
    }
    this.#showTokens(frames, tokens)
    const isReplaced = this.#heldUntil !== undefined
    this.#heldUntil = undefined
    if (text || reasoning) {
      this.#change((last) => appended(isReplaced ? UNSAID : last, text, reasoning))
    }
  }

  #showTokens(frames: ChatFrame[], tokens: number[]): void {
    const before = wire.value
    const pending = this.#pending
    // It came to the page that was there before.
    if (before.tokens.length === 0 && tokens.length > 0) {
      pending.first ??= tokens[0]
      tokens[0] = pending.first ?? 0
    }
    wire.value = { frames: [...before.frames, ...frames], tokens: [...before.tokens, ...tokens] }
    if (tokens.length > 0) note.value = ''
  }

  #remember(): void {
    if (this.#pending.address !== '') rememberAnswer(this.#pending)
  }

  #change(change: (said: Said) => Said): void {
    setMessages(
      (messages) =>
        messages.map((said, index) => (index === messages.length - 1 ? change(said) : said)),
      this.#pending.conversation,
    )
  }
}

const UNSAID: Said = { role: 'assistant', content: '' }

function appended(last: Said, text: string, reasoning: string): Said {
  const thought = (last.reasoning ?? '') + reasoning
  return { ...last, content: last.content + text, ...(thought && { reasoning: thought }) }
}
