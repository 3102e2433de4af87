// Part of `npm run release:version`: copies the version that changesets has set in package.json to
// src/version.ts, because a worker cannot read package.json, to jsr.json, to package-lock.json, and to the
// guides that name the file that `npm pack` makes.

import { readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The files that name the packed package. */
export const GUIDES = [
  'docs/install.md',
  'examples/README.md',
  'examples/ci-check/workflow.yml',
  'examples/nextjs/README.md',
]

/** A text with the name of a version's tarball in place of another one's. @param {string} text @param {string} version */
export function withTarball(text, version) {
  return text.replaceAll(/(?<=\bsluice-sluice-)\d+\.\d+\.\d+[\w.-]*(?=\.tgz)/g, version)
}

/** @param {string} path @param {(text: string) => string} change */
function rewrite(path, change) {
  writeFileSync(path, change(readFileSync(path, 'utf8')))
}

if (resolve(process.argv[1] ?? '') === fileURLToPath(import.meta.url)) {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'))
  rewrite('src/version.ts', (text) => text.replace(/(?<=VERSION = ')[^']+/, version))
  rewrite('jsr.json', (text) => text.replace(/(?<="version": ")[^"]+/, version))
  rewrite('package-lock.json', (text) => {
    const lock = JSON.parse(text)
    lock.version = version
    lock.packages[''].version = version
    return `${JSON.stringify(lock, null, 2)}\n`
  })
  for (const path of GUIDES) rewrite(path, (text) => withTarball(text, version))
}
