/** Which finish reasons one upstream has been seen to send. */
import type { FinishReasonSetting, FinishRule } from '../../wire/contract/finish-reason.ts'

/** How many models are remembered of each kind of answer; a client may name any number of them. */
const MAX_MODELS = 1000

/**
 * Servers written after a tutorial never send a finish reason: their `[DONE]` is all that ends an
 * answer. Servers that do send one are known to lose it together with an error (vllm#40986), so that
 * a `[DONE]` without one is a failure there. Which kind a server is, its own answers tell.
 */
export class FinishHistory {
  /** The models that sent one, for each kind of answer. */
  readonly #senders = new Map<string, Set<string>>()

  /** `kind` tells apart what may differ: the API, and whether a stream was asked for. */
  ruleFor(model: string, setting: FinishReasonSetting = 'learn', kind = ''): FinishRule {
    const senders = this.#sendersOf(kind)
    const sent = () => {
      if (senders.size < MAX_MODELS) senders.add(model)
    }
    if (setting !== 'learn') return { missing: MISSING_BY_SETTING[setting], sent }
    return {
      get missing() {
        // A server that sent them for so many models sends them for those that no longer fit too.
        const sends = senders.size >= MAX_MODELS || senders.has(model)
        return sends ? ('failure' as const) : ('stop-after-content' as const)
      },
      sent,
    }
  }

  #sendersOf(kind: string): Set<string> {
    let senders = this.#senders.get(kind)
    if (senders === undefined) {
      senders = new Set()
      this.#senders.set(kind, senders)
    }
    return senders
  }
}

/** What may differ within one upstream. The path's query is left out: it is the client's own. */
export function answerKind(path: string, isStream: boolean): string {
  return `${path.split('?')[0]} ${isStream}`
}

const MISSING_BY_SETTING = { required: 'failure', optional: 'stop' } as const

/** What was learned of upstreams, by URL: handed on where a handler follows another, with other settings. */
export type FinishHistories = Map<string, FinishHistory>

/** The history of one upstream: a new one where it has none yet. */
export function finishHistoryOf(histories: FinishHistories, url: string): FinishHistory {
  let history = histories.get(url)
  if (history === undefined) {
    history = new FinishHistory()
    histories.set(url, history)
  }
  return history
}
