// How Markdown that GitHub renders, too, becomes a page of the site.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { MarkdownOptions, MarkdownRenderer } from 'vitepress'
import { assetPath, resolveLink, root, sitePath } from './paths.ts'
import { slugOf } from './slug.ts'

type Token = ReturnType<MarkdownRenderer['parse']>[number]

/** @param fileOf the repository's file that is on the site at a path */
export function markdownOptions(fileOf: (path: string) => string): MarkdownOptions {
  return {
    anchor: { slugify: slugOf },
    // Braces and colons are text on GitHub.
    attrs: { disable: true },
    theme: { light: 'github-light-high-contrast', dark: 'github-dark-default' },
    config(md) {
      md.disable('emoji')
      md.linkify.set({ fuzzyLink: false, fuzzyEmail: false })
      md.core.ruler.push('repository', (state) => {
        const from = fileOf(state.env.relativePath)
        for (const token of state.tokens) inToken(token, from)
      })
      keepBraces(md)
      nameFiles(md)
    },
  }
}

/** Leads the links to the site's pages, and takes from the fences what only tests read. */
function inToken(token: Token, from: string): void {
  if (token.type === 'fence') inFence(token)
  for (const child of token.children ?? []) {
    const href = child.type === 'link_open' ? child.attrGet('href') : null
    const target = href === null ? undefined : resolveLink(from, href)
    if (target?.kind === 'page') child.attrSet('href', `/${sitePath(target.file)}${target.hash}`)
    if (target?.kind === 'asset') {
      child.attrSet('href', `/${assetPath(target.file)}`)
    }
    const src = child.type === 'image' ? child.attrGet('src') : null
    const image = src === null ? undefined : resolveLink(from, src)
    if (image) keepItsPlace(child, image.file)
  }
}

/** Says how large an image is, so that nothing moves when it has arrived. */
function keepItsPlace(token: Token, file: string): void {
  if (!file.endsWith('.png')) return
  const bytes = readFileSync(join(root, file))
  token.attrSet('width', String(bytes.readUInt32BE(16)))
  token.attrSet('height', String(bytes.readUInt32BE(20)))
}

/** `json file=~/.config/x.json api=chat`: the language, and the file's name as a title. */
function inFence(token: Token): void {
  const [language = '', ...words] = token.info.trim().split(/\s+/)
  const file = words.find((word) => word.startsWith('file='))?.slice('file='.length)
  token.info = language === 'env' ? 'sh' : language
  token.meta = { file }
}

/** Vue would read `{{` in a text as an expression. */
function keepBraces(md: MarkdownRenderer): void {
  const { text } = md.renderer.rules
  md.renderer.rules.text = (...args) =>
    (text?.(...args) ?? '').replaceAll('{{', '&#123;&#123;').replaceAll('}}', '&#125;&#125;')
}

function nameFiles(md: MarkdownRenderer): void {
  const { fence } = md.renderer.rules
  md.renderer.rules.fence = (tokens, index, ...rest) => {
    const code = fence?.(tokens, index, ...rest) ?? ''
    const file: unknown = tokens[index]?.meta?.file
    if (typeof file !== 'string') return code
    const name = md.utils.escapeHtml(file)
    return `<div class="named-code"><p class="file-name" v-pre>${name}</p>${code}</div>`
  }
}
