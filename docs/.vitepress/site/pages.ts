// The pages of the site, as their files and front matter say.

import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { type Group, groups } from './groups.ts'
import { root, sitePath } from './paths.ts'
import { withSections } from './sections.ts'

export interface Page {
  /** Below the repository's folder. */
  file: string
  /** On the site: `clients/codex.md`. */
  path: string
  title: string
  /** One sentence, without Markdown. */
  description: string
  /** Its place among the pages of its folder. */
  order: number
  /** Markdown, without front matter and comments. */
  text: string
}

/** Where pages are; VitePress leaves out the rest. */
export const SOURCES = [
  '*.md',
  'bench/RESULTS.md',
  'bench/upstream-reports/**/*.md',
  'deploy/README.md',
  'docs/**/*.md',
  'examples/**/*.md',
]

/** The site's own page, in no group. */
export const HOME = 'docs/index.md'

export interface PagesOfGroup extends Group {
  list: Page[]
}

/** All pages but the home page, by group. @throws for a page that is in none */
export function groupedPages(files = pageFiles()): PagesOfGroup[] {
  const rest = new Set(files.filter((file) => file !== HOME))
  const grouped = groups.map((group) => ({
    ...group,
    list: group.pages.flatMap((pattern) => {
      const found = [...rest].filter((file) => matches(pattern, file))
      for (const file of found) rest.delete(file)
      return found.map((file) => readPage(file)).sort(byOrder)
    }),
  }))
  if (rest.size > 0) {
    throw new Error(
      `docs/.vitepress/site/groups.ts: no group has ${[...rest].join(', ')}; add each to the pages of a group.`,
    )
  }
  return grouped.filter(({ list }) => list.length > 0)
}

/** Every Markdown file that is a page. */
export function pageFiles(): string[] {
  return globSync(SOURCES, { cwd: root, exclude: (name) => name === 'node_modules' }).sort()
}

/** An index comes first, then what has a place, then the rest by title. */
function byOrder(a: Page, b: Page): number {
  return a.order - b.order || a.title.localeCompare(b.title, 'en')
}

function matches(pattern: string, file: string): boolean {
  const parts = pattern.split('*').map((part) => part.replace(/[.]/g, '\\.'))
  return new RegExp(`^${parts.join('[^/]+')}$`).test(file)
}

export function readPage(file: string): Page {
  const source = readFileSync(join(root, file), 'utf8')
  const [, head = '', body = source] = /^---\n(.*?)\n---\n(.*)$/s.exec(source) ?? []
  const matter: Record<string, unknown> = parse(head) ?? {}
  const text = withSections(file, body)
    .replace(/<!--.*?-->\n*/gs, '')
    .trim()
  const title = plain(String(matter.title ?? /^# (.*)$/m.exec(text)?.[1] ?? file))
  return {
    file,
    path: sitePath(file),
    title: file === 'README.md' ? 'Overview' : file === 'CHANGELOG.md' ? 'Changelog' : title,
    description: String(matter.description ?? firstSentence(text)),
    order: file.endsWith('/index.md') ? 0 : Number(matter.order ?? 1000),
    text,
  }
}

/** The first sentence of the first paragraph that is a text. */
function firstSentence(text: string): string {
  const paragraphs = text
    .replace(/^(```+)[\s\S]*?^\1/gm, '')
    .split(/\n\s*\n|\n(?=[-#|])|(?<=^#.*)\n/m)
  const isText = (part: string) => /^["“\p{L}`*[]/u.test(part) && part.length > 25
  const found = paragraphs.find((part) => isText(part.trim())) ?? ''
  // A decision's paragraphs begin with what they are.
  const paragraph = plain(found.replace(/^\*\*[^*]*\.\*\*/, ''))
  const sentence = /^.*?\.(?=\s|$)/.exec(paragraph)?.[0] ?? paragraph
  return sentence.replace(/:$/, '.')
}

/** Without the marks of Markdown. */
function plain(markdown: string): string {
  return markdown
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/[`*]/g, '')
    .replace(/\s+/g, ' ')
    .trim()
}
