import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { defineConfig, type HeadConfig } from 'vitepress'
import { markdownOptions } from './site/markdown.ts'
import { nav, sidebar } from './site/nav.ts'
import { HOME, pageFiles, readPage } from './site/pages.ts'
import { root, sitePath } from './site/paths.ts'
import { writePlainPages } from './site/plain.ts'
import { withPolicy } from './site/policy.ts'
import { withSections } from './site/sections.ts'

const { DOCS_URL, DOCS_BASE, DOCS_OUT } = process.env

/** Where the site will be: its whole address, or only its path, if the address is not known. */
const address = withSlash(DOCS_URL ?? DOCS_BASE ?? '/')
const base = new URL(address, 'http://localhost').pathname

const fileOf = new Map(pageFiles().map((file) => [sitePath(file), file]))
const repository = repositoryOf(textOf('package.json'))
const home = readPage(HOME)
const icon = `data:image/svg+xml,${encodeURIComponent(textOf('demo/public/icon.svg').trim())}`

export default defineConfig({
  title: 'sluice',
  description: home.description,
  lang: 'en',
  base,
  srcDir: root,
  // The rest of the repository is read by nobody.
  srcExclude: [...otherFolders(), 'bench/!(RESULTS.md|upstream-reports)', 'docs/.vitepress/**'],
  rewrites: sitePath,
  outDir: DOCS_OUT ?? join(root, 'dist-docs'),
  // So that any static host can serve it.
  cleanUrls: false,
  metaChunk: true,
  // Addresses of a reader's own machine.
  ignoreDeadLinks: 'localhostLinks',
  // A page's code is small: it is fetched when it is asked for.
  router: { prefetchLinks: false },
  head: headOf(),
  markdown: markdownOptions((path) => fileOf.get(path) ?? path),
  themeConfig: {
    logo: { src: icon, alt: '' },
    nav: nav(repository),
    sidebar: sidebar(),
    outline: { level: [2, 3], label: 'On this page' },
    search: { provider: 'local' },
    docFooter: { prev: 'Previous page', next: 'Next page' },
    notFound: {
      code: '404',
      title: 'There is no such page',
      quote:
        'The address may have been mistyped, or the page has moved. The search finds every page.',
      linkText: 'To the first page',
      linkLabel: 'To the first page',
    },
    ...(repository && {
      editLink: { pattern: `${repository}/edit/main/:path`, text: 'Edit this page' },
    }),
  },
  transformPageData({ filePath, frontmatter }) {
    if (!fileOf.has(sitePath(filePath))) return
    const { title, description, path } = readPage(filePath)
    return {
      title,
      // VitePress writes it into an attribute as it is.
      description: description.replaceAll('"', '”').replaceAll('<', ''),
      frontmatter: {
        pageClass: `page-${path.replace(/\.md$/, '').replaceAll('/', '-')}`,
        ...frontmatter,
      },
    }
  },
  transformHead: ({ page, pageData }) => (pageData.isNotFound ? [] : alternates(page)),
  transformHtml: (html) => withPolicy(html.replace(/ *<link [^>]*vp-icons\.css[^>]*>\n/, '')),
  buildEnd: ({ outDir }) => writePlainPages(outDir, address),
  vite: {
    publicDir: false,
    server: { watch: { ignored: ['**/{src,test,bench,demo,dist,dist-docs}/**'] } },
    build: { chunkSizeWarningLimit: 2_000 },
    // The project's own names a target that VitePress's esbuild does not know.
    esbuild: { tsconfigRaw: { compilerOptions: { target: 'es2022' } } },
    resolve: {
      alias: [
        { find: /^.*\/VPSocialLink\.vue$/, replacement: ownPart('no-social-link.ts') },
        { find: /^.*\/VPSidebarGroup\.vue$/, replacement: ownPart('sidebar.ts') },
      ],
    },
    plugins: [
      {
        name: 'sections-of-other-pages',
        enforce: 'pre',
        transform: (text, id) => (id === join(root, HOME) ? withSections(HOME, text) : undefined),
      },
      {
        // The site's packages are in docs/.vitepress, and pages are elsewhere, too.
        name: 'vue-of-the-site',
        enforce: 'pre',
        resolveId(source, importer, options) {
          if (!/^vue(?:\/|$)/.test(source)) return
          // All of a page is drawn by one Vue.
          if (options.ssr) return { id: source, external: true }
          if (!importer?.endsWith('.md')) return
          return this.resolve(source, join(root, 'docs/.vitepress/config.ts'), options)
        },
      },
    ],
  },
})

function otherFolders(): string[] {
  const folders = readdirSync(root, { withFileTypes: true }).filter((each) => each.isDirectory())
  const others = folders.filter(({ name }) => !/^(?:bench|deploy|docs|examples)$/.test(name))
  return others.map(({ name }) => `${name}/**`)
}

function textOf(file: string): string {
  return readFileSync(join(root, file), 'utf8')
}

/** In place of a part of VitePress's theme. */
function ownPart(name: string): string {
  return join(root, 'docs/.vitepress/theme', name)
}

function withSlash(text: string): string {
  return text.endsWith('/') ? text : `${text}/`
}

/** The repository's address on the web, if package.json names one. */
function repositoryOf(json: string): string | undefined {
  const named: unknown = JSON.parse(json).repository
  const url = typeof named === 'object' && named && 'url' in named ? named.url : named
  return typeof url === 'string' ? url.replace(/^git\+|\.git$/g, '') : undefined
}

function headOf(): HeadConfig[] {
  return [
    ['link', { rel: 'icon', type: 'image/svg+xml', href: icon }],
    ['meta', { name: 'theme-color', content: '#0b5fa5' }],
  ]
}

/** The same page as Markdown, and its address where that is known. */
function alternates(page: string): HeadConfig[] {
  const markdown: HeadConfig = [
    'link',
    { rel: 'alternate', type: 'text/markdown', href: base + page },
  ]
  const html = page.replace(/(^|\/)index\.md$/, '$1').replace(/\.md$/, '.html')
  return DOCS_URL ? [markdown, ['link', { rel: 'canonical', href: address + html }]] : [markdown]
}
