/** The OpenAPI document as a page to read: it needs no script. */

import { htmlText } from '../../src/util/safe/html.ts'
import type { Described, Document } from './document.ts'
import { errors } from './errors.ts'
import { fieldsOf, typeOf, words } from './fields.ts'
import type { Media } from './media.ts'
import type { Schema } from './schema.ts'

/** Where the examples ask; a page can't know where it will be served. */
const BASE = 'http://127.0.0.1:8787'

interface Route extends Described {
  method: string
  path: string
}

export function createPage(document: Document): string {
  const routes = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, described]) => ({ ...described, method, path })),
  )
  const tags = document.tags.map(({ name }) => name)
  const of = (tag: string) => routes.filter((route) => route.tags.includes(tag))
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'">
<meta name="color-scheme" content="light dark">
<title>sluice: the API</title>
<link rel="icon" href="icon.svg">
<link rel="stylesheet" href="openapi.css">
<header><h1><a href="./">sluice</a></h1><p>the API, version ${htmlText(String(document.info.version))}</p>
<p><a href="openapi.json">openapi.json</a></p></header>
<div class="columns">
<nav>${tags.map((tag) => contents(tag, of(tag))).join('\n')}
<h2>Schemas</h2><ul>${Object.keys(document.components.schemas)
    .map((name) => `<li><a href="#${name}">${name}</a></li>`)
    .join('\n')}</ul></nav>
<main>
<p>${words(String(document.info.description))} If the server has keys, send one:
<code>-H "authorization: Bearer $OPENAI_API_KEY"</code>.</p>
${tags.map((tag) => `<h2>${tag}</h2>${of(tag).map(article).join('\n')}`).join('\n')}
<h2>Schemas</h2>
<p>Other fields may be present as well; they belong to the engine that answers.</p>
${Object.entries(document.components.schemas).map(component).join('\n')}
</main></div>
</html>
`
}

function contents(tag: string, routes: Route[]): string {
  const links = routes.map(
    ({ operationId, method, path }) =>
      `<li><a href="#${operationId}">${badge(method)} ${htmlText(path)}</a></li>`,
  )
  return `<h2>${tag}</h2><ul>${links.join('\n')}</ul>`
}

function article(route: Route): string {
  const { operationId, method, path, summary, description, requestBody } = route
  const body = requestBody?.content['application/json']
  return `<article id="${operationId}">
<h3>${badge(method)} <code>${htmlText(path)}</code></h3>
<p>${words(summary)}</p>
${description === undefined ? '' : `<p>${words(description)}</p>`}
<pre><code>${htmlText(curl(route, body))}</code></pre>
${body?.schema === undefined ? '' : `<p>Body: ${typeOf(body.schema)}</p>`}
${parameters(route)}
${answers(route)}
</article>`
}

function badge(method: string): string {
  return `<span class="method ${method}">${method.toUpperCase()}</span>`
}

function curl({ method, path, parameters: given = [] }: Route, body: Media | undefined): string {
  const [id] = given as { name: string; example?: string }[]
  const url = `${BASE}${path.replace('{id}', id?.example ?? '')}`
  if (body === undefined)
    return `curl ${method === 'get' ? '' : `-X ${method.toUpperCase()} `}${url}`
  const data = JSON.stringify(body.example).replaceAll("'", "'\\''")
  return `curl -N ${url} -H 'content-type: application/json' -d '${data}'`
}

function parameters({ parameters: given = [] }: Route): string {
  const rows = (given as { name: string; description: string; schema: Schema }[]).map(
    ({ name, description, schema }) =>
      `<dt><code>${htmlText(name)}</code> <span class="type">${typeOf(schema)}</span></dt><dd><p>${words(description)}</p></dd>`,
  )
  return rows.length === 0 ? '' : `<dl>${rows.join('')}</dl>`
}

function answers({ responses }: Route): string {
  const given = Object.entries(responses)
  const told = given.flatMap(([status, { description, content }]) =>
    description === undefined
      ? []
      : [`<p><b>${status}</b> ${words(description)}</p>${media(content)}`],
  )
  const refused = given.flatMap(([status, { $ref }]) =>
    $ref === undefined ? [] : [`<li><b>${status}</b> ${words(errors[Number(status)] ?? '')}</li>`],
  )
  const reference = given.find(([, { $ref }]) => $ref)?.[1].$ref ?? ''
  const [shape = ''] = /^[a-z]+/i.exec(reference.slice(reference.lastIndexOf('/') + 1)) ?? []
  const errorList = `<details><summary>Errors</summary><p>Each is a <a href="#${shape}">${shape}</a>.</p><ul>${refused.join('\n')}</ul></details>`
  return told.join('\n') + (refused.length === 0 ? '' : errorList)
}

function media(content: Record<string, Media> = {}): string {
  const rows = Object.entries(content).map(([type, { schema, 'x-events': events }]) => {
    if (events === undefined) {
      return `<li><code>${type}</code>${schema === undefined ? '' : `: ${typeOf(schema)}`}</li>`
    }
    const each = events.map(
      ({ event, data, description }) =>
        `<li>${event === undefined ? '' : `<code>${htmlText(event)}</code> `}${typeOf(data)}: ${words(description)}</li>`,
    )
    return `<li><code>${type}</code>, of these events:<ul>${each.join('\n')}</ul></li>`
  })
  return `<ul>${rows.join('\n')}</ul>`
}

function component([name, schema]: [string, Schema]): string {
  const { description } = schema
  return `<article id="${name}"><h3><code>${name}</code></h3>
${description === undefined ? '' : `<p>${words(description)}</p>`}
${fieldsOf(schema)}</article>`
}

/** The style sheet, without colours and fonts. */
export const STYLE = `
* { box-sizing: border-box; }
body { margin: 0; }
a { color: var(--accent); text-decoration: none; }
a:hover { text-decoration: underline; }
h1 { font-size: 1.25rem; letter-spacing: -0.02em; margin: 0; }
h1 a { color: inherit; }
h2 { font-size: 1rem; margin: 1.5rem 0 0.5rem; }
h3 { font-size: 1rem; margin: 0 0 0.5rem; }
p, ul, dl { margin: 0.25rem 0; }
ul { padding-left: 1.25rem; }
header { display: flex; gap: 1rem; align-items: baseline; padding: 0.5rem 1rem; border-bottom: 1px solid var(--line); }
header p { margin: 0; font-size: 0.8125rem; color: var(--weak); }
code, pre { font: 0.8125rem / 1.5 ui-monospace, monospace; overflow-wrap: anywhere; }
pre { background: var(--panel); border: 1px solid var(--line); border-radius: 0.375rem; padding: 0.5rem 0.75rem; white-space: pre-wrap; }
.columns { display: flex; align-items: flex-start; max-width: 75rem; margin: auto; }
nav { flex: none; width: 18rem; padding: 0 1rem 1rem; position: sticky; top: 0; max-height: 100dvh; overflow-y: auto; font-size: 0.8125rem; }
nav ul { list-style: none; padding: 0; }
nav li { padding: 0.125rem 0; overflow-wrap: anywhere; }
main { flex: 1; min-width: 0; padding: 0.5rem 1rem 4rem; }
article { border: 1px solid var(--line); border-radius: 0.5rem; padding: 0.75rem 1rem; margin: 0.75rem 0; scroll-margin-top: 0.5rem; }
article:target { border-color: var(--accent); }
.method { display: inline-block; min-width: 2.75rem; font: 600 0.6875rem / 1.5 ui-monospace, monospace; color: var(--good); }
.method.post { color: var(--accent); }
.method.delete { color: var(--bad); }
dl dl { border-left: 2px solid var(--line); padding-left: 0.75rem; }
dt { margin-top: 0.5rem; }
dt > code, h3 > code { color: var(--ink); font-weight: 600; }
h3 > code { font-size: 0.9375rem; }
dd { margin: 0 0 0 1rem; }
dd p { color: var(--weak); font-size: 0.875rem; margin: 0; }
.type, summary, details li { font-size: 0.8125rem; color: var(--weak); }
.must { font-size: 0.75rem; color: var(--bad); }
.form { margin: 0.75rem 0 0; font-weight: 600; font-size: 0.8125rem; }
summary { cursor: pointer; }
@media (max-width: 48rem) { .columns { display: block; } nav { position: static; width: auto; max-height: none; } }
`
