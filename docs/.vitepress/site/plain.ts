// The site for programs that read Markdown: a `.md` beside each page, llms.txt and llms-full.txt.

import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'
import { mapLinks } from './links.ts'
import { groupedPages, HOME, type Page, type PagesOfGroup, readPage } from './pages.ts'
import { assetPath, resolveLink, root, sitePath } from './paths.ts'

/**
 * @param outDir the built site
 * @param address of the site, with a slash at its end: absolute where it is known, or else its path
 */
export function writePlainPages(outDir: string, address: string): void {
  const home = readPage(HOME)
  const grouped = groupedPages()
  const assets = new Set<string>()
  for (const page of [home, ...grouped.flatMap(({ list }) => list)]) {
    write(join(outDir, page.path), `${markdownOf(page, dirname(page.path), assets)}\n`)
  }
  for (const file of assets) cpSync(join(root, file), join(outDir, assetPath(file)))
  write(join(outDir, 'llms.txt'), index(home, grouped, address))
  write(join(outDir, 'llms-full.txt'), everything(home, grouped, address))
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}

/** A page's Markdown, with links to the `.md` of other pages, relative to a folder of the site. */
function markdownOf(page: Page, folder: string, assets?: Set<string>): string {
  return mapLinks(page.text, (link) => {
    const target = resolveLink(page.file, link)
    if (target === undefined) return link
    if (target.kind === 'asset') assets?.add(target.file)
    const path = target.kind === 'page' ? sitePath(target.file) : assetPath(target.file)
    return posix.relative(folder, path) + target.hash
  })
}

/** As llmstxt.org describes it. */
function index(home: Page, grouped: PagesOfGroup[], address: string): string {
  const sections = grouped.map(({ text, list, isOptional }) => {
    const lines = list.map(
      ({ title, path, description }) => `- [${title}](${address}${path}): ${description}`,
    )
    return `## ${isOptional ? 'Optional' : text}\n\n${lines.join('\n')}\n`
  })
  const full = `Every page is Markdown at its address with .md. All of them in one file: ${address}llms-full.txt`
  return [`# ${home.title}\n`, `> ${home.description}\n`, `${full}\n`, ...sections].join('\n')
}

function everything(home: Page, grouped: PagesOfGroup[], address: string): string {
  const needed = grouped.filter(({ isOptional }) => !isOptional).flatMap(({ list }) => list)
  const pages = [home, ...needed].map(
    (page) => `<!-- ${address}${page.path} -->\n\n${markdownOf(page, '')}\n`,
  )
  return pages.join('\n')
}
