import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { defineConfig, type Plugin } from 'vite'
import { EMBEDDED_POLICY } from './src/routes/policy.ts'

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url))

/**
 * The page's policy in its HTML, for hosts that serve only files, and its icon, since the policy lets it
 * load no image. Only in a build: the development server adds scripts of its own.
 */
const strict: Plugin = {
  name: 'strict-page',
  apply: 'build',
  transformIndexHtml: {
    order: 'pre',
    handler(html) {
      const icon = encodeURIComponent(readFileSync(path('demo/public/icon.svg'), 'utf8').trim())
      const policy = `<meta http-equiv="Content-Security-Policy" content="${EMBEDDED_POLICY}" />`
      return html
        .replace('./icon.svg', `data:image/svg+xml,${icon}`)
        .replace('<meta charset="utf-8" />', (charset) => `${charset}\n    ${policy}`)
    },
  },
}

/** The page, and the worker with web-llm, which is fetched only when it is started. */
export default defineConfig({
  root: path('demo'),
  // Relative, so that the page may lie in any folder.
  base: './',
  build: {
    outDir: path('dist/page'),
    emptyOutDir: true,
    target: 'es2022',
    chunkSizeWarningLimit: 7_000,
  },
  plugins: [strict],
  worker: { format: 'es' },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
})
