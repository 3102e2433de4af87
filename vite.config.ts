import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vite'

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url))

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
  worker: { format: 'es' },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
})
