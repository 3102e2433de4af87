import type { EngineStatus } from '../engines/registry/catalog.ts'
import { curlCommand } from '../util/curl-command.ts'
import { htmlText as text } from '../util/safe/html.ts'
import { VERSION } from '../version.ts'

/** A page that lists the engines and models that the viewer may see, and a curl command to try one. */
export function homePage(
  found: EngineStatus[] | undefined,
  origin: string,
  basePath: string,
  host = 'this host',
): Response {
  const model =
    found?.find(({ models, error }) => models.length > 0 && error === undefined)?.models[0] ??
    'static'
  const html = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>sluice</title>
<style>${STYLE}</style>
<main>
<h1>sluice</h1>
<p>The OpenAI and Anthropic APIs, streaming first, for models on your own hardware.<br>
<small>version ${text(VERSION)} on ${text(host)}</small></p>
<h2>Try it</h2>
<pre><code>${text(curlCommand(origin + basePath, model, found === undefined))}</code></pre>
<p>Any OpenAI client streams from the base URL <code>${text(origin + basePath)}/v1</code>.</p>
<h2>Engines and models</h2>
${found?.map(engine).join('\n') ?? NOT_TOLD}
${found?.length === 1 ? NOTHING_ELSE : ''}
<p><small><a href="${basePath}/openapi.html">the API</a> · <a href="${basePath}/v1/models">/v1/models</a> · <a href="${basePath}/health">/health</a></small></p>
</main>
</html>
`
  return new Response(html, {
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'",
      'x-content-type-options': 'nosniff',
    },
  })
}

function engine({ engine: label, models, error }: EngineStatus): string {
  const state = error === undefined ? '' : `<p class="error">${text(error)}</p>`
  const none = error === undefined ? '<p>It lists no models.</p>' : ''
  const list = models.map((id) => `<li><code>${text(id)}</code></li>`).join('')
  return `<section><h3>${text(label)}</h3>${state}${list ? `<ul>${list}</ul>` : none}</section>`
}

const NOT_TOLD = `<p>This server needs a key: send it as <code>Authorization: Bearer KEY</code>.
<code>GET /v1/models</code> lists the models that the key may use.</p>`

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
.error { color: light-dark(#a4262c, #ff8a8a); }
`
