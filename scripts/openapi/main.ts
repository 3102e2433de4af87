// Writes the API's document and the page that shows it: into the folder that is named, or to where
// a server that runs from the checkout finds them.

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { createDocument } from './document.ts'
import { createPage } from './page.ts'

/** Both files, by their names below the page's folder. */
export function openapiFiles(): Record<string, string> {
  const document = createDocument()
  return {
    'openapi.json': `${JSON.stringify(document)}\n`,
    'openapi.html': createPage(document, look()),
  }
}

/** The colours and fonts of the demo. */
function look(): string {
  const css = readFileSync(new URL('../../demo/style.css', import.meta.url), 'utf8')
  return /^:root \{[^}]*\}/.exec(css)?.[0] ?? ''
}

if (import.meta.main) {
  const folder = process.argv[2] ?? fileURLToPath(new URL('../../demo/public', import.meta.url))
  for (const [name, text] of Object.entries(openapiFiles())) {
    writeFileSync(join(folder, name), text)
  }
}
