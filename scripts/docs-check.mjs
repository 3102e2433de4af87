// What a built site must hold: every link leads somewhere, and nothing is fetched from elsewhere.

import { existsSync, globSync, readFileSync, statSync } from 'node:fs'
import { join, posix } from 'node:path'

/**
 * @param {string} folder of the built site
 * @param {string} base the path where it is served, with slashes at both ends
 * @returns {string[]} what is wrong, a line each
 */
export function problemsOf(folder, base) {
  const pages = globSync('**/*.html', { cwd: folder }).filter((name) => !name.startsWith('demo/'))
  const anchors = new Map(pages.map((name) => [name, anchorsOf(textOf(folder, name))]))
  return [
    ...pages.flatMap((name) => problemsOfPage({ folder, base, name, anchors })),
    ...globSync('**/*.md', { cwd: folder }).flatMap((name) => problemsOfMarkdown(folder, name)),
    ...globSync('assets/**/*.{css,js}', { cwd: folder }).flatMap((name) => foreign(folder, name)),
  ]
}

/** @typedef {{ folder: string, base: string, name: string, anchors: Map<string, Set<string>> }} Site */

/** @param {Site} site */
function problemsOfPage(site) {
  const { folder, name } = site
  const html = textOf(folder, name).replace(/<(script|style)\b[^>]*>[\s\S]*?<\/\1>/g, '<$1>')
  const tags = [...html.matchAll(/<([a-z]+)\b([^>]*)>/g)].map(([, tag = '', text = '']) => {
    return { tag, attributes: attributesOf(text) }
  })
  return tags.flatMap(({ tag, attributes }) => {
    const { href, src } = attributes
    const link = href ?? src
    if (link === undefined || link.startsWith('data:')) return []
    if (/^(?:[a-z]+:)?\/\//.test(link)) {
      const isOnlyNamed = tag === 'a' || attributes.rel === 'canonical'
      return isOnlyNamed ? [] : [`${name}: <${tag}> fetches ${link}; only this site may be asked.`]
    }
    return problemOfLink(site, link)
  })
}

/** @param {Site} site @param {string} link @returns {string[]} */
function problemOfLink({ folder, base, name, anchors }, link) {
  if (/^[a-z]+:/.test(link)) return []
  const { pathname, hash } = new URL(link, `http://x${base}${name}`)
  const path = decodeURIComponent(pathname)
  if (!path.startsWith(base)) {
    return [`${name}: the link ${link} leaves ${base}; make it relative to the site.`]
  }
  const file = path.slice(base.length).replace(/(^|\/)$/, '$1index.html')
  if (!existsSync(join(folder, file)) || statSync(join(folder, file)).isDirectory()) {
    return [`${name}: the link ${link} leads to ${file}, which is not there; correct the link.`]
  }
  const anchor = decodeURIComponent(hash.slice(1))
  const known = anchors.get(file)
  return anchor === '' || known === undefined || known.has(anchor)
    ? []
    : [`${name}: the link ${link} leads to a part that ${file} does not have; correct the anchor.`]
}

/** @param {string} folder @param {string} name @returns {string[]} */
function problemsOfMarkdown(folder, name) {
  const text = textOf(folder, name).replace(/^(```+|~~~+)[\s\S]*?^\1|``[\s\S]*?``|`[^`\n]*`/gm, '')
  const links = [...text.matchAll(/\]\(([^()\s]+)\)/g)].map(([, link = '']) => link)
  return links.flatMap((link) => {
    if (/^(?:[a-z]+:|\/\/|#)/.test(link)) return []
    const file = posix.join(posix.dirname(name), link.replace(/#.*/, ''))
    return existsSync(join(folder, file))
      ? []
      : [`${name}: the link ${link} leads to ${file}, which is not there; correct the link.`]
  })
}

/**
 * What a style sheet or a script would fetch from another host.
 * @param {string} folder @param {string} name @returns {string[]}
 */
function foreign(folder, name) {
  const fetching = /(?:url|import|fetch|importScripts)\(\s*["'`]?((?:https?:)?\/\/[^"'`)\s]+)/g
  const found = [...textOf(folder, name).matchAll(fetching)].map(([, url]) => url)
  return found.map((url) => `${name}: it fetches ${url}; only this site may be asked.`)
}

/** @param {string} html */
function anchorsOf(html) {
  return new Set([...html.matchAll(/\sid="([^"]+)"/g)].map(([, id = '']) => unescaped(id)))
}

/** @param {string} text @returns {Record<string, string>} */
function attributesOf(text) {
  const pairs = [...text.matchAll(/([a-z-]+)="([^"]*)"/g)]
  return Object.fromEntries(pairs.map(([, name = '', value = '']) => [name, unescaped(value)]))
}

/** @param {string} text */
function unescaped(text) {
  return text.replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&amp;', '&')
}

/** @param {string} folder @param {string} name */
function textOf(folder, name) {
  return readFileSync(join(folder, name), 'utf8')
}
