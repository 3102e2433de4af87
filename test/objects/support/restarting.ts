// The worker with an object of tabs that is restarted when a test asks, as a deployment or a failure does.

import worker, { BrowserTabs } from '../../../worker/edge.ts'
import type { ObjectState } from '../../../worker/objects/platform.ts'

interface Abortable extends ObjectState {
  abort(reason: string): void
}

export class RestartingTabs extends BrowserTabs {
  readonly #state: Abortable

  constructor(state: Abortable, env: Record<string, unknown>) {
    super(state, env)
    this.#state = state
  }

  override fetch(request: Request): Promise<Response> {
    if (new URL(request.url).pathname === '/v1/restart') this.#state.abort('restarted by a test')
    return super.fetch(request)
  }
}

export default worker
