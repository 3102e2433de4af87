// What the check of a built site finds, and how Markdown of the repository becomes its pages.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { mapLinks } from '../../docs/.vitepress/site/links.ts'
import { groupedPages, pageFiles, readPage } from '../../docs/.vitepress/site/pages.ts'
import { assetPath, resolveLink, sitePath } from '../../docs/.vitepress/site/paths.ts'
import { withPolicy } from '../../docs/.vitepress/site/policy.ts'
import { withSections } from '../../docs/.vitepress/site/sections.ts'
import { slugOf } from '../../docs/.vitepress/site/slug.ts'
import { problemsOf } from '../../scripts/docs-check.mjs'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-site-'))
  write('index.html', '<h2 id="top">x</h2><a href="/at/a.html#there">a</a><a href="/at/">home</a>')
  write('a.html', '<p id="there">a</p><a href="../at/index.html#top">up</a>')
  write('a.md', '[home](index.md)\n\n```\n[not a link](gone.md)\n```\n')
  write('index.md', 'home')
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

function write(name: string, text: string): void {
  mkdirSync(dirname(join(folder, name)), { recursive: true })
  writeFileSync(join(folder, name), text)
}

describe('the check of a built site', () => {
  it('finds nothing where every link leads somewhere', () => {
    expect(problemsOf(folder, '/at/')).toEqual([])
  })

  it.each([
    ['b.html', '<a href="/at/gone.html">', /gone\.html, which is not there/],
    ['b.html', '<a href="a.html#gone">', /a part that a\.html does not have/],
    ['b.html', '<a href="/a.html">', /leaves \/at\//],
    ['b.html', '<a href="https://example.com/">', undefined],
    ['b.html', '<img src="https://example.com/x.png">', /<img> fetches https:\/\/example\.com/],
    ['b.html', '<link rel="stylesheet" href="//example.com/x.css">', /<link> fetches/],
    ['b.html', '<img src="data:image/png;base64,AAAA">', undefined],
    ['b.html', '<script>"<a href=gone.html>"</script>', undefined],
    ['b.md', 'See [there](gone.md#x).', /b\.md: the link gone\.md#x/],
    ['b.md', 'See [there](a.md#x), `[x](gone.md)` and [MDN](https://example.com/).', undefined],
    [
      'assets/a.css',
      'a{background:url("https://example.com/x.png")}',
      /assets\/a\.css: it fetches/,
    ],
    ['assets/a.js', 'import("https://example.com/x.js")', /assets\/a\.js: it fetches/],
    ['assets/a.js', 'fetch(`//example.com/x`)', /assets\/a\.js: it fetches/],
    ['assets/a.js', 'const help = "https://example.com/"', undefined],
  ])('judges %s with %s', (name, text, problem) => {
    write(name, text)
    const problems = problemsOf(folder, '/at/')
    if (problem === undefined) expect(problems).toEqual([])
    else expect(problems).toEqual([expect.stringMatching(problem)])
  })
})

describe('a file of the repository', () => {
  it.each([
    ['docs/settings.md', 'settings.md'],
    ['docs/clients/codex.md', 'clients/codex.md'],
    ['SECURITY.md', 'security.md'],
    ['bench/RESULTS.md', 'bench.md'],
    ['examples/README.md', 'examples/index.md'],
    ['examples/hono/README.md', 'examples/hono.md'],
  ])('%s is the page %s', (file, path) => {
    expect(sitePath(file)).toBe(path)
    expect(pageFiles()).toContain(file)
  })

  it('that is no page is a text, or what a browser shows', () => {
    expect(assetPath('examples/ci-check/check.sh')).toBe('examples/ci-check/check.sh.txt')
    expect(assetPath('docs/images/page.png')).toBe('images/page.png')
  })

  it('is found from another by a link, a folder by its README', () => {
    expect(resolveLink('docs/keys.md', '../SECURITY.md#tokens')).toEqual({
      kind: 'page',
      file: 'SECURITY.md',
      hash: '#tokens',
    })
    expect(resolveLink('docs/embedding.md', '../examples')).toMatchObject({
      file: 'examples/README.md',
    })
    expect(resolveLink('examples/ci-check/README.md', 'check.sh')).toMatchObject({ kind: 'asset' })
    expect(resolveLink('docs/keys.md', 'https://example.com/')).toBeUndefined()
    expect(() => resolveLink('docs/keys.md', 'gone.md')).toThrow('docs/keys.md: the link gone.md')
  })

  it('is in one group of pages, or the site is not built', () => {
    const grouped = groupedPages().flatMap(({ list }) => list.map(({ file }) => file))
    expect(grouped.sort()).toEqual(pageFiles().filter((file) => file !== 'docs/index.md'))
    expect(() => groupedPages([...pageFiles(), 'docs/new.md'])).toThrow(
      /groups\.ts: no group has docs\/new\.md/,
    )
  })

  it('says in a sentence what it is about', () => {
    for (const file of pageFiles()) {
      const { title, description } = readPage(file)
      expect(title, file).toMatch(/^[^#\s].+$/)
      expect(description.length, file).toBeGreaterThan(15)
      expect(description, file).not.toMatch(/[`*|]|\]\(/)
    }
  })
})

describe('Markdown', () => {
  it('has the anchors that GitHub gives to headings', () => {
    expect(slugOf('Who may see what?')).toBe('who-may-see-what')
    expect(slugOf('`rate_limit_exceeded`: too many')).toBe('rate_limit_exceeded-too-many')
    expect(slugOf('A / B')).toBe('a--b')
  })

  it('has links outside of code alone', () => {
    const text = '[a](x.md) `[b](y.md)`\n\n```md\n[c](z.md)\n```\n[d](<w.md>) ![e](v.png)'
    expect(mapLinks(text, (link) => link.toUpperCase())).toBe(
      '[a](X.MD) `[b](y.md)`\n\n```md\n[c](z.md)\n```\n[d](<w.md>) ![e](V.PNG)',
    )
  })

  it('shows a section of another page, with its links', () => {
    const text = withSections('docs/index.md', '<!-- section: README.md#what-you-get -->')
    expect(text).toContain('](streams.md#what-is-repaired-and-what-fails)')
    expect(text).not.toContain('\n## ')
    expect(() => withSections('docs/index.md', '<!-- section: README.md#gone -->')).toThrow(
      'README.md: there is no section #gone',
    )
  })
})

it('allows only the scripts that are in a page', () => {
  const html = '<head><meta charset="utf-8"><script>1</script><script src="/a.js"></script></head>'
  const policy = /content="([^"]+)"/.exec(withPolicy(html))?.[1]
  expect(policy).toContain("default-src 'none'")
  // The SHA-256 of `1`, as openssl computes it.
  expect(policy).toContain(
    "script-src 'self' 'sha256-a4ayc/80/OGda4BO/1o/V0etpOqiLx1JwB5S3beHW0s='",
  )
})
