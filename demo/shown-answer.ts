/** Shows an answer in its conversation, and the events of its stream, as they arrive. */
import { batch } from '@preact/signals'
import { ThinkSeparator } from '../src/wire/contract/think.ts'
import { type ApiFailure, type Frame, type Payload, payloadOf } from './api.ts'
import { type Addition, added } from './chat/addition.ts'
import type { ChatFrame } from './chat-stream.ts'
import { type PendingAnswer, rememberAnswer } from './pending-answer.ts'
import { note, type Said, setMessages, wire } from './state.ts'

/**
 * Milliseconds between two times that the events are shown, and how many more for each token: their figures are
 * those of all tokens. The text follows each repaint.
 */
const PAUSE = 100
const PAUSE_FOR_TOKEN = 0.02

export class ShownAnswer {
  readonly #pending: PendingAnswer
  /** A server may leave `<think>` in the text. */
  readonly #think = new ThinkSeparator('separate')
  #waiting: ChatFrame[] = []
  readonly #frames: Frame[] = []
  readonly #tokens: number[] = []
  /** When the events were shown last. */
  #shownAt = Number.NEGATIVE_INFINITY
  #isScheduled = false
  /**
   * The number of the last event that the conversation showed before the page was loaded again: what it
   * showed is replaced when the replay has come so far, so that no text disappears meanwhile.
   */
  #heldUntil: number | undefined
  /** When the first of the reasoning came. */
  #thinkingSince: number | undefined
  #usage: Payload['usage']
  /** The error frame of the stream itself. */
  #failure: ApiFailure | undefined

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

  get isWhole(): boolean {
    return this.#frames.at(-1)?.text.includes('[DONE]') ?? false
  }

  /** The error that the stream itself brought. */
  get failure(): ApiFailure | undefined {
    return this.#failure
  }

  end(outcome: NonNullable<Said['outcome']>, failure = this.#failure): void {
    this.#showWire()
    const tokens = this.#tokens
    const first = tokens[0]
    const last = tokens.at(-1)
    this.#change((said) => ({
      ...said,
      outcome,
      ...(failure !== undefined && { error: failure.message }),
      ...(failure?.code && { code: failure.code }),
      ...(failure?.doc_url && { help: failure.doc_url }),
      ...(first !== undefined &&
        last !== undefined && {
          stats: {
            first,
            tokens: this.#usage?.completion_tokens ?? tokens.length,
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
    const additions: Addition[] = []
    for (const frame of frames) {
      const payload = payloadOf(frame)
      if (frame.number !== undefined) this.#pending.shown = frame.number + 1
      if (frame.text.startsWith(':')) note.value = frame.text.slice(1).trim()
      this.#usage = payload?.usage ?? this.#usage
      this.#failure = payload?.error ?? this.#failure
      const choice = payload?.choices?.[0]
      const delta = choice?.delta
      const finish_reason = choice?.finish_reason ? 'stop' : null
      if (delta) this.#think.separate({ index: 0, delta, finish_reason })
      const reasoning = delta?.reasoning_content ?? delta?.reasoning ?? ''
      const text = delta?.content ?? delta?.refusal ?? ''
      const calls = delta?.tool_calls ?? []
      if (!text && !reasoning && calls.length === 0) continue
      tokens.push(frame.at)
      additions.push({ at: frame.at, text, reasoning, calls })
    }
    this.#showTokens(frames, tokens)
    const isReplaced = this.#heldUntil !== undefined
    this.#heldUntil = undefined
    if (additions.length === 0) return
    this.#change((last) => {
      const before = isReplaced ? UNSAID : last
      const { said, thinkingSince } = added(before, additions, this.#thinkingSince)
      this.#thinkingSince = thinkingSince
      return said
    })
  }

  #showTokens(frames: readonly ChatFrame[], tokens: number[]): void {
    const pending = this.#pending
    // It came to the page that was there before.
    if (this.#tokens.length === 0 && tokens.length > 0) {
      pending.first ??= tokens[0]
      tokens[0] = pending.first ?? 0
    }
    // Into the same lists, as copies of long ones would be most of the work.
    this.#frames.push(...frames)
    this.#tokens.push(...tokens)
    if (tokens.length > 0) note.value = ''
    const pause = PAUSE + this.#tokens.length * PAUSE_FOR_TOKEN
    if (performance.now() - this.#shownAt >= pause) this.#showWire()
  }

  #showWire(): void {
    this.#shownAt = performance.now()
    wire.value = { frames: this.#frames, tokens: this.#tokens }
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
