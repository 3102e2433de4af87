import type { ModelHealth } from '../engines/health.ts'
import type { EngineStatus } from '../engines/registry/catalog.ts'
import { curlCommand } from '../util/curl-command.ts'
import { htmlText as text } from '../util/safe/html.ts'
import { VERSION } from '../version.ts'
import { type PageProgress, progressHead, progressPart, SCRIPT } from './page-progress.ts'
import { statusPolicy } from './policy.ts'

/** What a viewer of the page may learn. */
export interface HomeView {
  origin: string
  basePath: string
  /** Whether the handler has the part with this route. */
  isServed(path: string): boolean
  /** Whether the viewer has to send a key with a request. */
  needsKey: boolean
  /** The models that the viewer may use; undefined for a stranger. */
  models?: ModelHealth[] | undefined
  /** Engines with their errors, for admins. */
  engines?: EngineStatus[] | undefined
  /** What becomes of the page that will be in the place of this one. */
  progress?: PageProgress | undefined
  /** The runtime, for admins. */
  hostName?: string | undefined
}

/** A page that lists the engines or models that the viewer may see, and a curl command to try one. */
export async function homePage(view: HomeView): Promise<Response> {
  const { origin, basePath, hostName, progress } = view
  const url = origin + basePath
  const html = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
${progress ? progressHead(progress) : '<title>sluice</title>'}
<style>${STYLE}</style>
<main>
<h1>sluice</h1>
<p>The OpenAI and Anthropic APIs, streaming first, for models on your own hardware.<br>
<small>version ${text(VERSION)}${hostName === undefined ? '' : ` on ${text(hostName)}`}</small></p>
${progress ? progressPart(progress) : ''}
${view.isServed('/v1/chat/completions') ? chatPart(url, view) : ''}
${view.engines ? enginesPart(view.engines) : modelsPart(view)}
<p><small>${links(view)}</small></p>
</main>
${progress ? `<script>${SCRIPT}</script>\n` : ''}</html>
`
  return new Response(html, {
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'content-security-policy': await statusPolicy(STYLE, progress && SCRIPT),
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
    },
  })
}

function chatPart(url: string, view: HomeView): string {
  return `<h2>Try it</h2>
<pre><code>${text(curlCommand(url, modelToTry(view), view.needsKey))}</code></pre>
<p>Any OpenAI client streams from the base URL <code>${text(url)}/v1</code>.</p>`
}

function links({ basePath, isServed }: HomeView): string {
  const others = ['/v1/models', '/health'].filter(isServed).map((path) => [path, path])
  return [['/openapi.html', 'the API'], ...others]
    .map(([path, name]) => `<a href="${text(basePath)}${path}">${name}</a>`)
    .join(' · ')
}

function modelToTry({ engines, models }: HomeView): string {
  const listed = engines?.find((each) => each.models.length > 0 && each.error === undefined)
  return listed?.models[0] ?? models?.find(({ ready }) => ready)?.id ?? 'static'
}

function enginesPart(engines: EngineStatus[]): string {
  const none = engines.length === 1 ? NOTHING_ELSE : ''
  return `<h2>Engines and models</h2>\n${engines.map(engine).join('\n')}\n${none}`
}

function modelsPart({ models, needsKey, isServed }: HomeView): string {
  if (models === undefined) {
    return `<h2>Models</h2>\n${NEEDS_KEY}${isServed('/v1/models') ? LISTED : ''}</p>`
  }
  const list = models.map(({ id, ready }) => {
    return `<li><code>${text(id)}</code>${ready ? '' : ' <small>not ready now</small>'}</li>`
  })
  const shown = list.length > 0 ? `<ul>${list.join('')}</ul>` : '<p>No model is listed.</p>'
  return `<h2>Models</h2>
<section>${shown}</section>
<p><small>${needsKey ? NOT_ADMIN : NO_ADMIN}</small></p>`
}

function engine({ engine: label, models, error }: EngineStatus): string {
  const state = error === undefined ? '' : `<p class="error">${text(error)}</p>`
  const none = error === undefined ? '<p>It lists no models.</p>' : ''
  const list = models.map((id) => `<li><code>${text(id)}</code></li>`).join('')
  return `<section><h3>${text(label)}</h3>${state}${list ? `<ul>${list}</ul>` : none}</section>`
}

const NEEDS_KEY = '<p>This server needs a key: send it as <code>Authorization: Bearer KEY</code>.'

const LISTED = '\n<code>GET /v1/models</code> lists the models that the key may use.'

const NOT_ADMIN = `Engines, their states and errors are shown to keys with <code>admin: true</code>, which
<code>sluice key new NAME --admin</code> creates.`

const NO_ADMIN = `Engines, their states and errors are not shown: no keys are configured, and this request did not
come directly from this machine. Open this page there by a loopback address, or configure a key with
<code>admin: true</code>, which <code>sluice key new NAME --admin</code> creates.`

const NOTHING_ELSE = `<p>No model server was found, so the built-in <code>static</code> model answers with
a fixed sentence. Start Ollama, LM Studio, llama-server or vLLM on this machine and reload, or start
sluice with <code>--upstream URL</code>.</p>`

const STYLE = `
:root { font: 1rem/1.5 system-ui, sans-serif; background: Canvas; color: CanvasText; }
main { max-width: 46rem; margin: auto; padding: 1rem; }
small { opacity: 0.7; }
section, pre { border: 1px solid #8886; border-radius: 0.5rem; padding: 0.75rem 1rem; margin: 0.5rem 0; }
h3, p, ul { margin: 0.25rem 0; }
ul { max-height: 20rem; overflow-y: auto; }
pre { white-space: pre-wrap; }
code { overflow-wrap: anywhere; }
small code { white-space: nowrap; }
progress { width: 100%; accent-color: light-dark(#0b5fa5, #6cb6ff); }
.page { border: 2px solid light-dark(#0b5fa5, #6cb6ff); padding: 1rem; margin: 1.5rem 0; }
.page h2 { margin: 0; font-size: 1.25rem; }
.error { color: light-dark(#a4262c, #ff8a8a); }
`
