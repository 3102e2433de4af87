/** Learns which upstreams send finish reasons. */
import type { FinishReasonSetting, FinishRule } from '../../wire/contract/finish-reason.ts'

/**
 * The most models remembered for each kind of answer, since clients may name any number of them.
 */
const MAX_MODELS = 1000

/**
 * Servers written after a tutorial never send a finish reason: `[DONE]` alone ends their answers.
 * Servers that do send one are known to lose it when an error occurs (vllm#40986), so that for them
 * a `[DONE]` without a finish reason is a failure. A server's own answers show which kind it is.
 */
export class FinishHistory {
  /** For each kind of answer, the models that have sent a finish reason. */
  readonly #senders = new Map<string, Set<string>>()

  /** `kind`: what may differ within one server, as `answerKind` returns it. */
  ruleFor(model: string, setting: FinishReasonSetting = 'learn', kind = ''): FinishRule {
    const senders = this.#sendersOf(kind)
    const sent = () => {
      if (senders.size < MAX_MODELS) senders.add(model)
    }
    if (setting !== 'learn') return { missing: MISSING_BY_SETTING[setting], sent }
    return {
      get missing() {
        // Beyond the limit, a server that sent one for so many models is assumed to send it for
        // all.
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

/** The API and whether it streams. Without the query, which clients choose freely. */
export function answerKind(path: string, isStream: boolean): string {
  return `${path.split('?')[0]} ${isStream}`
}

const MISSING_BY_SETTING = { required: 'failure', optional: 'stop' } as const

/** What was learned of each upstream, by URL; kept when the settings are reloaded. */
export type FinishHistories = Map<string, FinishHistory>

/** The history of one upstream, created on first use. */
export function finishHistoryOf(histories: FinishHistories, url: string): FinishHistory {
  let history = histories.get(url)
  if (history === undefined) {
    history = new FinishHistory()
    histories.set(url, history)
  }
  return history
}
