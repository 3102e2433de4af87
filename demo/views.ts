/** The views of the page, and which one the address names: `#activity`, `#activity/ID`. */
import { computed, signal } from '@preact/signals'

export const VIEWS = [
  ['chat', 'Chat'],
  ['activity', 'Activity'],
  ['engines', 'Engines'],
  ['keys', 'Keys'],
  ['captures', 'Captures'],
] as const

export type ViewName = (typeof VIEWS)[number][0]

interface Route {
  view: ViewName
  /** What the view shows of it: the id of a request. Empty for all. */
  item: string
}

const route = signal(routeOf(location.hash))

export const view = computed(() => route.value.view)
export const item = computed(() => route.value.item)

addEventListener('hashchange', () => {
  route.value = routeOf(location.hash)
})

function routeOf(hash: string): Route {
  const [name, ...rest] = hash.slice(1).split('/')
  const known = VIEWS.find(([view]) => view === name)?.[0]
  return { view: known ?? 'chat', item: known === undefined ? '' : decoded(rest.join('/')) }
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
