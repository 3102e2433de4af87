// The site's Content-Security-Policy, in its HTML, since a static host sends no header of ours.

import { createHash } from 'node:crypto'

/** The page with a policy that allows what is of this site and the scripts that are in the page. */
export function withPolicy(html: string): string {
  const inline = [...html.matchAll(/<script(?![^>]*\bsrc=)[^>]*>([\s\S]*?)<\/script>/g)]
  const hashes = inline.map(([, text = '']) => `'sha256-${sha256(text)}'`)
  const policy = [
    "default-src 'none'",
    ['script-src', "'self'", ...new Set(hashes)].join(' '),
    // Code is coloured by style attributes.
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ')
  const tag = `<meta http-equiv="Content-Security-Policy" content="${policy}">`
  return html.replace('<meta charset="utf-8">', (charset) => `${charset}\n    ${tag}`)
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('base64')
}
