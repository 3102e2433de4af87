import { markdownText } from '../../util/safe/markdown.ts'
import { scoreText } from '../report.ts'
import type { BrokenRule, Verification } from './verification.ts'

/** The record as Markdown. */
export function markdownOf(record: Verification): string {
  const parts = [
    `# Verification of ${code(record.url)}`,
    table([
      ['date', record.date],
      ['checked by', record.by],
      ['model', record.model ?? 'chosen by the server'],
      ['APIs', record.dialects.join(', ') || 'none'],
      ['machine', machineOf(record)],
      ['data path', record.path.join(' → ')],
      ['limits', limitsOf(record)],
      ['result', resultOf(record)],
    ]),
    ...Object.entries(record.untested).map(
      ([dialect, why]) => `${dialect} could not be checked: ${markdownText(why)}`,
    ),
    ...timingsOf(record),
    ...scoresOf(record),
    ...(record.broken.length > 0 ? ['## Broken rules', ...record.broken.map(ruleOf)] : []),
    '## Requests and answers',
    ...record.questions.map(
      ({ title, curl, status, ms, observed }) =>
        `### ${title}\n\n${fence(curl, 'sh')}\n\n${status ?? 'No response'}, ${ms} ms in total.\n\n${fence(observed)}`,
    ),
  ]
  return `${parts.join('\n\n')}\n`
}

/** How many rules are broken, in words. */
export function resultOf({ broken, dialects }: Verification): string {
  if (dialects.length === 0) return 'could not be checked'
  if (broken.length === 0) return 'no broken rules'
  const count = (severity: string) => {
    const many = broken.filter((rule) => rule.severity === severity).length
    return `${many} ${severity}${many === 1 ? '' : 's'}`
  }
  return `${count('error')}, ${count('warning')}, ${count('hint')}`
}

export function machineOf({ machine }: Verification): string {
  const { cpu, cores, memory, system, gpu } = machine
  return [`${cpu}, ${cores} cores`, memory, system, gpu ?? 'GPU unknown'].join('; ')
}

export function limitsOf({ limits }: Verification): string {
  const told = Object.entries(limits).map(([name, value]) => `${name}: ${value}`)
  return told.length > 0 ? told.join(', ') : 'none reported by the server'
}

/** Rows of measurements: name and value. */
export function timingRows({ timings }: Verification): [string, string][] {
  if (timings === undefined) return []
  const { headers, firstToken, total, gap, events, tokens, tokensPerSecond } = timings
  return [
    ['headers', `${headers} ms`],
    ['first token', `${firstToken} ms`],
    [
      'gap between events',
      `${gap.median} ms (median), ${gap.p95} ms (p95), ${gap.longest} ms (longest)`,
    ],
    ['total', `${total} ms`],
    ['events', String(events)],
    ...(tokens === undefined ? [] : ([['tokens', String(tokens)]] as [string, string][])),
    ...(tokensPerSecond === undefined
      ? []
      : ([['tokens per second', String(tokensPerSecond)]] as [string, string][])),
  ]
}

function timingsOf(record: Verification): string[] {
  const rows = timingRows(record)
  return rows.length > 0 ? ['## Timings of the first stream', table(rows)] : []
}

function scoresOf({ scores }: Verification): string[] {
  if (scores.length === 0) return []
  return ['## Rules kept', table(scoreRows(scores))]
}

/** Rows of sections: name and score. */
export function scoreRows(scores: Verification['scores']): [string, string][] {
  return scores.map((score) => [score.section, scoreText(score)])
}

function ruleOf({ rule, severity, says, seen, offset, at, bytes, questions, hop }: BrokenRule) {
  const place = offset === undefined ? '' : `, byte ${offset}, after ${Math.round(at ?? 0)} ms`
  const lines = [
    `### ${rule} (${severity})`,
    says,
    `Seen: ${markdownText(seen)}, in ${questions.join(', ')}${place}.${hop === undefined ? '' : ` The hop at ${hop} breaks it.`}`,
    ...(bytes === undefined ? [] : [fence(bytes)]),
  ]
  return lines.join('\n\n')
}

function table(rows: [string, string][]): string {
  const lines = rows.map(([name, value]) => `| ${name} | ${markdownText(value)} |`)
  return `| | |\n| --- | --- |\n${lines.join('\n')}`
}

/** A fenced block with more backticks than the text has in a row. */
function fence(text: string, language = ''): string {
  const longest = Math.max(2, ...(text.match(/`+/g) ?? []).map(({ length }) => length))
  const marks = '`'.repeat(longest + 1)
  return `${marks}${language}\n${text}\n${marks}`
}

function code(text: string): string {
  return `\`${text}\``
}
