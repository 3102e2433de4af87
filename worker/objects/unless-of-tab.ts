/** Which streams stay with the browser tabs. */
import { type Aliases, resolveAlias } from '../../src/engines/registry/aliases.ts'
import { mayUseEngine } from '../../src/engines/registry/model-access.ts'
import { withoutLatest } from '../../src/engines/registry/model-index.ts'
import type { Elsewhere } from '../../src/routes/elsewhere.ts'
import type { TabHub } from '../../src/tabs/hub.ts'
import { isObject } from '../../src/util/object.ts'

/** What the settings call models. */
export interface Names {
  alias: Aliases
  /** The model of requests that name none. */
  model?: string | undefined
}

/** A stream of a model that a tab has for its caller runs here, since no other object reaches the tab. */
export function unlessOfTab(
  tabs: Pick<TabHub, 'entries'>,
  elsewhere: Elsewhere,
  names: () => Names,
): Elsewhere {
  return async (request, body, trace) => {
    const asked = isObject(body) && typeof body.model === 'string' ? body.model : undefined
    const isOfTab = tabs.entries.some(({ engine, models }) => {
      if (!mayUseEngine(engine, trace.caller)) return false
      return models.some(({ id }) => isCalled(id, asked, names()))
    })
    return isOfTab ? undefined : elsewhere(request, body, trace)
  }
}

/** Any model may be the one of a request that names none, unless the settings say which. */
function isCalled(id: string, asked: string | undefined, { alias, model }: Names): boolean {
  const name = asked || model
  if (name === undefined) return true
  const wanted = [resolveAlias(name, alias), resolveAlias(withoutLatest(name), alias)]
  return wanted.some((each) => each === id || each === withoutLatest(id))
}
