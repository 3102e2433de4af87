import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { EMBEDDED_POLICY, filePolicy } from '../../../src/routes/policy.ts'

const directives = (policy: string) =>
  Object.fromEntries(
    policy.split('; ').map((each) => [each.split(' ')[0], each.split(' ').slice(1).join(' ')]),
  )

it('the page connects to its own server and loads no image of any server', () => {
  const page = directives(filePolicy('index.html'))
  expect(page).toMatchObject({
    'default-src': "'none'",
    'script-src': "'self'",
    'style-src': "'self'",
    'connect-src': "'self'",
    'img-src': 'data:',
    'require-trusted-types-for': "'script'",
  })
  const { 'frame-ancestors': frames, ...rest } = page
  expect(frames).toBe("'none'")
  // A browser ignores that one in a page's HTML, and warns of it.
  expect(directives(EMBEDDED_POLICY)).toEqual(rest)
})

it('only the worker that runs models may download from elsewhere and compile WebAssembly', () => {
  const names = ['index.html', 'openapi.html', 'service-worker.js', 'assets/index-a.js', 'a.svg']
  for (const name of names) expect(filePolicy(name)).not.toMatch(/https:|wasm/)
  expect(directives(filePolicy('assets/engine-CmFLFI7f.js'))).toMatchObject({
    'script-src': "'self' 'wasm-unsafe-eval'",
    'connect-src': "'self' https: http: data: blob:",
  })
})

it('the sources of the page make no HTML of texts', () => {
  const folder = join(import.meta.dirname, '../../../demo')
  for (const name of [
    'chat.tsx',
    'answer.tsx',
    'markdown.ts',
    'models.tsx',
    'wire.tsx',
    'app.tsx',
  ]) {
    expect(readFileSync(join(folder, name), 'utf8'), name).not.toMatch(/innerHTML|insertAdjacent/i)
  }
})
