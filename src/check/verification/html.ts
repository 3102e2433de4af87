import { htmlText as text } from '../../util/safe/html.ts'
import { limitsOf, machineOf, resultOf, scoreRows, timingRows } from './markdown.ts'
import type { Verification } from './verification.ts'

/** The record as one HTML page without external resources. */
export function htmlOf(record: Verification): string {
  const { url, date, by, model, path, scores, dialects, untested, broken, questions } = record
  const facts: [string, string][] = [
    ['date', date],
    ['checked by', by],
    ['model', model ?? 'chosen by the server'],
    ['APIs', dialects.join(', ') || 'none'],
    ['machine', machineOf(record)],
    ['data path', path.join(' → ')],
    ['limits', limitsOf(record)],
    ['result', resultOf(record)],
  ]
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${text(`Verification of ${url}`)}</title>
<style>${STYLE}</style>
<main>
<h1>Verification of <code>${text(url)}</code></h1>
${table(facts)}
${part('Could not be checked', Object.entries(untested))}
${part('Timings of the first stream', timingRows(record))}
${part('Rules kept', scoreRows(scores))}
${broken.length > 0 ? `<h2>Broken rules</h2>${broken.map(ruleOf).join('\n')}` : ''}
<h2>Requests and answers</h2>
${questions
  .map(
    ({ title, curl, status, ms, observed }) =>
      `<details><summary>${text(title)}: ${status ?? 'no response'}, ${ms} ms</summary><pre>${text(curl)}</pre><pre>${text(observed)}</pre></details>`,
  )
  .join('\n')}
</main>
</html>
`
}

function part(heading: string, rows: [string, string][]): string {
  return rows.length > 0 ? `<h2>${heading}</h2>${table(rows)}` : ''
}

function ruleOf({
  rule,
  severity,
  says,
  seen,
  bytes,
  questions,
  hop,
}: Verification['broken'][number]) {
  const told = hop === undefined ? '' : ` The hop at ${hop} breaks it.`
  return `<section class="${severity}"><h3>${text(rule)} <small>${severity}</small></h3>
<p>${text(says)}</p><p>Seen: ${text(seen)}, in ${text(questions.join(', '))}.${text(told)}</p>
${bytes === undefined ? '' : `<pre>${text(bytes)}</pre>`}</section>`
}

function table(rows: [string, string][]): string {
  const lines = rows.map(([name, value]) => `<tr><th>${text(name)}<td>${text(value)}`)
  return `<table>${lines.join('\n')}</table>`
}

const STYLE = `
:root { font: 1rem/1.5 system-ui, sans-serif; background: Canvas; color: CanvasText; }
main { max-width: 56rem; margin: auto; padding: 1rem; }
h1 { font-size: 1.4rem; overflow-wrap: anywhere; }
h2 { font-size: 1.1rem; margin-top: 2rem; }
th { text-align: start; vertical-align: top; padding-inline-end: 1.5rem; font-weight: 600; }
td { overflow-wrap: anywhere; }
pre, section { border: 1px solid #8886; border-radius: 0.5rem; padding: 0.5rem 0.75rem; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; font-size: 0.85rem; }
section { margin: 0.5rem 0; border-inline-start: 0.3rem solid #8886; }
section.error { border-inline-start-color: #c33; }
section.warning { border-inline-start-color: #c90; }
h3, p { margin: 0.25rem 0; }
small { opacity: 0.7; font-weight: normal; }
`
