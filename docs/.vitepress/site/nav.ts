// The navigation and the sidebar are made from the groups; their texts are the pages' own titles.

import type { DefaultTheme } from 'vitepress'
import { groupedPages, type Page } from './pages.ts'

const grouped = groupedPages()

export function sidebar(): DefaultTheme.SidebarItem[] {
  return grouped.map(({ text, list }, index) => ({
    text,
    // The group of the page that is shown is open in any case.
    collapsed: index > 0,
    items: list.map((page) => ({ text: shortened(page.title), link: linkOf(page) })),
  }))
}

/** Above every page, what is looked for most. */
export function nav(repository: string | undefined): DefaultTheme.NavItem[] {
  const pages = [
    { text: 'Start', page: firstOf('Start') },
    { text: 'Clients', page: firstOf('Clients') },
    { text: 'Settings', page: pageAt('docs/settings.md') },
    { text: 'Errors', page: pageAt('docs/errors.md') },
    { text: 'Help', page: firstOf('Help') },
  ]
  return [
    ...pages.flatMap(({ text, page }) => (page ? [{ text, link: linkOf(page) }] : [])),
    // Not one of VitePress's pages: the browser has to load it.
    { text: 'Demo', link: '/demo/', target: '_self' },
    ...(repository ? [{ text: 'Source', link: repository }] : []),
  ]
}

function firstOf(group: string): Page | undefined {
  return grouped.find(({ text }) => text === group)?.list[0]
}

function pageAt(file: string): Page | undefined {
  return grouped.flatMap(({ list }) => list).find((page) => page.file === file)
}

function linkOf({ path }: Page): string {
  return `/${path.replace(/(^|\/)index\.md$/, '$1').replace(/\.md$/, '')}`
}

/** Up to the colon, which goes into detail; a decision's number is no title. */
function shortened(title: string): string {
  const [first = title, rest] = title.split(/: (.*)/)
  return /^\d+$/.test(first) && rest ? rest : first
}
