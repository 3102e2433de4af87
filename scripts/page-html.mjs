// The page's HTML, with the files that esbuild has named.

import { readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { root } from './hosts.mjs'

/**
 * Fills demo/index.html in: the page's files; its policy, for hosts that serve only files; its icon, since
 * the policy lets it load no image; what it paints first; and the build's name, where one is given.
 * @param {{ page: Built, firstView: Built }} built the page's scripts
 * @param {string} [build]
 * @typedef {{ metafile: import('esbuild').Metafile }} Built
 */
export async function pageHtml({ page, firstView }, build) {
  const { script, cssBundle, imports } = outputOf(page, 'demo/main.tsx')
  // What the script imports at once would otherwise be asked for only when the script has come.
  const first = imports.filter(({ kind, external }) => kind === 'import-statement' && !external)
  const head = [
    // Before the style sheet, for which it would wait.
    `<script src="${url(outputOf(firstView, 'demo/first-view.ts').script)}"></script>`,
    ...(cssBundle ? [`<link rel="stylesheet" href="${url(cssBundle)}" />`] : []),
    ...first.map(({ path }) => `<link rel="modulepreload" href="${url(path)}" />`),
    `<script type="module" src="${url(script)}"></script>`,
  ]
  const icon = encodeURIComponent(readFileSync(join(root, 'demo/public/icon.svg'), 'utf8').trim())
  const { EMBEDDED_POLICY } = await moduleAt('src/routes/policy.ts')
  const metas = [
    `<meta http-equiv="Content-Security-Policy" content="${EMBEDDED_POLICY}" />`,
    ...(build ? [`<meta name="sluice-build" content="${build}" />`] : []),
  ]
  const shell = await firstPaint()
  return readFileSync(join(root, 'demo/index.html'), 'utf8')
    .replace('./icon.svg', () => `data:image/svg+xml,${icon}`)
    .replace('<meta charset="utf-8" />', (charset) => [charset, ...metas].join('\n    '))
    .replace('<script type="module" src="./main.tsx"></script>', () => head.join('\n    '))
    .replace('<div id="app"></div>', () => `<div id="app">${shell}</div>`)
}

/** @param {Built} built @param {string} entry */
function outputOf({ metafile }, entry) {
  const made = Object.entries(metafile.outputs).find(([, { entryPoint }]) => entryPoint === entry)
  if (made === undefined) throw new Error(`${entry}: esbuild wrote no file for it`)
  const [script, output] = made
  return { ...output, script }
}

/**
 * What the page's script shows first, as HTML: a browser paints it before the script has come. The script
 * takes these nodes over where they are what it makes itself, which a test of the page compares.
 */
async function firstPaint() {
  const { VIEWS, FIRST_VIEWS } = await moduleAt('demo/view-names.ts')
  const { LEAD, LOOKING } = await moduleAt('demo/start/first-words.ts')
  /** @param {boolean} areFirst */
  const links = (areFirst) =>
    VIEWS.filter((/** @type {[string]} */ [name]) => FIRST_VIEWS.includes(name) === areFirst)
      .map((/** @type {[string, string]} */ [name, title]) => {
        const current = name === 'start' ? ' aria-current="page"' : ''
        return `<a href="#${name}"${current}>${title}</a>`
      })
      .join('')
  return [
    '<header><h1><a href="#start">sluice</a></h1><nav class="views" aria-label="Views">',
    links(true),
    '<button type="button" class="more-button" aria-expanded="false" aria-controls="more-views">More</button>',
    `<div id="more-views" class="more-views">${links(false)}</div></nav>`,
    '<p class="status checking" role="status">Checking for WebGPU…</p>',
    '<a class="weak" href="openapi.html">API reference</a></header>',
    '<main class="view start" aria-label="Start"><div class="start-page"><div class="welcome">',
    `<p class="lead">${LEAD}</p><div role="status"><h2>${LOOKING.title}</h2></div>`,
    `<p>${LOOKING.text}</p></div>`,
    '<div class="start-columns skeleton" aria-hidden="true"><div class="card"></div>',
    '<div class="card gpu"></div><div class="card"></div></div></div></main>',
  ].join('')
}

/** @param {string} path of a file below assets/ */
function url(path) {
  return `./assets/${basename(path)}`
}

/**
 * A module of the sources that imports nothing. esbuild reads it, since older releases of Node run no
 * TypeScript.
 * @param {string} path
 * @returns {Promise<Record<string, any>>}
 */
async function moduleAt(path) {
  const { transform } = await import('esbuild')
  const source = readFileSync(join(root, path), 'utf8')
  const { code } = await transform(source, { loader: 'ts', format: 'esm' })
  return import(`data:text/javascript,${encodeURIComponent(code)}`)
}
