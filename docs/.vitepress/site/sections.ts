// A page may show a section of another one: `<!-- section: README.md#what-you-get -->`.

import { readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { mapLinks } from './links.ts'
import { resolveLink, root } from './paths.ts'
import { slugOf } from './slug.ts'

/** The text with the sections in place of the comments that name them. */
export function withSections(file: string, text: string): string {
  return text.replace(/<!-- section: (\S+)#(\S+) -->/g, (_, from: string, slug: string) =>
    mapLinks(sectionOf(from, slug), (link) => {
      const target = resolveLink(from, link)
      if (target === undefined) return link
      return posix.relative(posix.dirname(file), target.file) + target.hash
    }),
  )
}

/** What is below a heading of the second level. */
function sectionOf(file: string, slug: string): string {
  const sections = readFileSync(join(root, file), 'utf8').split(/^## /m)
  const section = sections.find((each) => slugOf(each.split('\n')[0] ?? '') === slug)
  if (section === undefined) {
    throw new Error(`${file}: there is no section #${slug}; correct the comment that asks for it.`)
  }
  return section.slice(section.indexOf('\n')).trim()
}
