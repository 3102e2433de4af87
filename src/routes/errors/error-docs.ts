/** What each error code means and what to do: text for a terminal, a page for a browser. */
import { closestMatches } from '../../util/closest-matches.ts'
import { htmlText } from '../../util/safe/html.ts'
import { quoted } from '../../util/safe/quoted.ts'
import { ApiError } from '../../wire/errors/api-error.ts'
import { isOwnCode, OWN_CODES, type OwnCode } from '../../wire/errors/own-codes.ts'
import { errorGroups, errorReference } from '../../wire/errors/reference/reference.ts'
import { statusPolicy } from '../policy.ts'
import type { RouteHandler } from '../route.ts'
import { explain, PLAIN_WORDS } from './explain.ts'

/** `GET /docs/errors` */
export const listErrors: RouteHandler = async ({ headers }, _trace, { basePath }) => {
  if (prefersHtml(headers)) return htmlPage('Error codes', listHtml(basePath))
  const parts = Object.entries(errorGroups).map(([title, group]) => {
    const lines = Object.entries(group).map(([code, { meaning }]) => `- \`${code}\`: ${meaning}`)
    return `## ${title}\n\n${lines.join('\n')}`
  })
  const about = `GET ${basePath}/docs/errors/CODE says what to do about one of them.`
  return text(`# Error codes of sluice\n\n${about}\n\n${parts.join('\n\n')}\n`)
}

/** `GET /docs/errors/{code}`. Rejects with an `ApiError` (404) that names similar codes. */
export const explainError: RouteHandler = async ({ headers, params }, _trace, { basePath }) => {
  const code = params.code ?? ''
  const isHtml = prefersHtml(headers)
  if (!isOwnCode(code)) {
    const near = closestMatches(code, OWN_CODES)
    if (!isHtml) throw unknownCode(code, near, basePath)
    return htmlPage('Unknown error code', unknownHtml(code, near, basePath), 404)
  }
  const told = explain(errorReference[code], PLAIN_WORDS)
  if (!isHtml) return text(`# ${code}\n\n${told}\n`)
  return htmlPage(code, `<p>${allCodes(basePath)}</p>\n${paragraphs(told)}`)
}

function unknownCode(code: string, near: readonly string[], basePath: string): ApiError {
  const hint = near.length > 0 ? `did you mean ${near.join(' or ')}?` : 'it may be one of a server.'
  const message = `code: expected an error code of sluice, got ${quoted(code)}; ${hint} GET ${basePath}/docs/errors lists all.`
  return new ApiError(404, message, { code: 'not_found', param: 'code' })
}

/** A browser names HTML; curl and SDKs accept anything. */
function prefersHtml(headers: Headers): boolean {
  return /\btext\/html\b/i.test(headers.get('accept') ?? '')
}

const COMMON = {
  'cache-control': 'public, max-age=300',
  vary: 'accept',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
}

function text(markdown: string): Response {
  return new Response(markdown, {
    headers: { ...COMMON, 'content-type': 'text/plain; charset=utf-8' },
  })
}

async function htmlPage(title: string, body: string, status = 200): Promise<Response> {
  const html = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${htmlText(title)} – sluice</title>
<style>${STYLE}</style>
<main>
<h1>${htmlText(title)}</h1>
${body}
</main>
</html>
`
  return new Response(html, {
    status,
    headers: {
      ...COMMON,
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': await statusPolicy(STYLE),
    },
  })
}

function listHtml(basePath: string): string {
  return Object.entries(errorGroups)
    .map(([title, group]) => {
      const items = Object.entries(group).map(
        ([code, { meaning }]) => `<li>${link(code as OwnCode, basePath)}: ${inline(meaning)}</li>`,
      )
      return `<h2>${title}</h2>\n<ul>\n${items.join('\n')}\n</ul>`
    })
    .join('\n')
}

function unknownHtml(code: string, near: readonly string[], basePath: string): string {
  const hint = near.map((each) => `<li>${link(each as OwnCode, basePath)}</li>`).join('')
  const similar = hint === '' ? '' : `<p>Similar ones:</p>\n<ul>${hint}</ul>\n`
  return `<p>sluice has no error code <code>${htmlText(code)}</code>. It may be one of the server that answered.</p>\n${similar}<p>${allCodes(basePath)}</p>`
}

function allCodes(basePath: string): string {
  return `<a href="${htmlText(basePath)}/docs/errors">All error codes</a>`
}

function link(code: OwnCode, basePath: string): string {
  return `<a href="${htmlText(basePath)}/docs/errors/${code}"><code>${code}</code></a>`
}

/** Markdown of paragraphs, lists and code as HTML. */
function paragraphs(markdown: string): string {
  return markdown
    .split('\n\n')
    .map((part) => {
      if (!part.startsWith('- ')) return `<p>${inline(part)}</p>`
      const items = part.split('\n').map((line) => `<li>${inline(line.slice(2))}</li>`)
      return `<ul>\n${items.join('\n')}\n</ul>`
    })
    .join('\n')
}

function inline(markdown: string): string {
  return htmlText(markdown).replace(/`([^`]*)`/g, '<code>$1</code>')
}

const STYLE = `
:root { font: 1rem/1.5 system-ui, sans-serif; background: Canvas; color: CanvasText; }
main { max-width: 46rem; margin: auto; padding: 1rem; }
h1, code { overflow-wrap: anywhere; }
`
