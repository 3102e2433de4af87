/** The views of the page, and which one the address names: `#activity`, `#activity/ID`. */
import { computed, signal } from '@preact/signals'
import { conversations } from './state.ts'
import { VIEWS, type ViewName } from './view-names.ts'

export type { ViewName } from './view-names.ts'

interface Route {
  view: ViewName
  /** What the view shows of it: the id of a request, the name of a client. Empty for all. */
  item: string
}

/** How the fragment of a link begins that pairs a browser, as `sluice pair` prints it. */
export const OFFER = '#offer='

const route = signal(routeOf(location.hash))

export const view = computed(() => route.value.view)
export const item = computed(() => route.value.item)

addEventListener('hashchange', () => {
  route.value = routeOf(location.hash)
})

function routeOf(hash: string): Route {
  if (hash.startsWith(OFFER)) return { view: 'share', item: '' }
  const [name, ...rest] = hash.slice(1).split('/')
  const known = VIEWS.find(([view]) => view === name)?.[0]
  return { view: known ?? firstView(), item: known === undefined ? '' : decoded(rest.join('/')) }
}

/** Without a view in the address: what there is to chat with, for whoever has not chatted here yet. */
function firstView(): ViewName {
  const hasChatted = conversations.peek().some(({ messages }) => messages.length > 0)
  return hasChatted ? 'chat' : 'start'
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return ''
  }
}

/** The address of a view, or of one item in it. */
export function hashOf(name: ViewName, item = ''): string {
  return item === '' ? `#${name}` : `#${name}/${encodeURIComponent(item)}`
}

/** Shows a view. The browser's Back button leads to the one before. */
export function openView(name: ViewName, item = ''): void {
  location.hash = hashOf(name, item)
}
