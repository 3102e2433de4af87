/** Which finish reasons one upstream has been seen to send. */
import type { FinishReasonSetting, FinishRule } from '../wire/finish.ts'

/** How many kinds of answers are remembered; a client may name any number of models. */
const MOST = 1000

/**
 * Servers written after a tutorial never send a finish reason: their `[DONE]` is all that ends an
 * answer. Servers that do send one are known to lose it together with an error (vllm#40986), so that
 * a `[DONE]` without one is a failure there. Which kind a server is, its own answers tell.
 */
export class FinishHistory {
  readonly #setting: FinishReasonSetting
  readonly #senders = new Set<string>()

  constructor(setting: FinishReasonSetting = 'learn') {
    this.#setting = setting
  }

  /** `asked` tells apart what may differ: the model, the API, and whether a stream was asked for. */
  ruleFor(asked: string): FinishRule {
    if (this.#setting !== 'learn') return { missing: MISSING[this.#setting], sent: () => {} }
    const senders = this.#senders
    return {
      get missing() {
        return senders.has(asked) ? ('failure' as const) : ('stop-after-content' as const)
      },
      sent() {
        if (senders.size < MOST) senders.add(asked)
      },
    }
  }
}

const MISSING = { required: 'failure', optional: 'stop' } as const
