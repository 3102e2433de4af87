// The API's document and the page that shows it with its style sheet, written into the folder that is named:
//   node scripts/openapi/main.ts FOLDER

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { createDocument } from './document.ts'
import { createPage, STYLE } from './page.ts'

/** The document, the page and its style sheet, by their names below the page's folder. */
export function openapiFiles(): Record<string, string> {
  const document = createDocument()
  return {
    'openapi.json': `${JSON.stringify(document)}\n`,
    'openapi.html': createPage(document),
    'openapi.css': look() + STYLE,
  }
}

/** The colours and fonts of the demo. */
function look(): string {
  const css = readFileSync(new URL('../../demo/style.css', import.meta.url), 'utf8')
  return /^:root \{[^}]*\}/.exec(css)?.[0] ?? ''
}

/** Writes these files into a folder. */
export function writeOpenapi(folder: string): void {
  for (const [name, text] of Object.entries(openapiFiles())) {
    writeFileSync(join(folder, name), text)
  }
}

if (import.meta.main) writeOpenapi(process.argv[2] ?? '.')
