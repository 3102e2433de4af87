import { type CheckOptions, check } from '../../check/check.ts'
import { dialects } from '../../check/dialects/dialects.ts'
import { brokenByHops } from '../../check/hops.ts'
import type { Report } from '../../check/report.ts'
import type { DialectName } from '../../check/rules/rule.ts'
import { pathText, textReport } from '../../check/text-report.ts'
import { compare, comparisonText } from '../../check/verification/compare.ts'
import { gapsOf, timingsOf } from '../../check/verification/timings.ts'
import { verificationOf } from '../../check/verification/verification.ts'
import { countOf } from '../../check/violations.ts'
import { SettingsError } from '../../settings/settings.ts'
import { VERSION } from '../../version.ts'
import { circumstancesOf } from '../circumstances.ts'
import { printable } from '../log.ts'
import { readRecord, requireForms, writeRecord } from '../records.ts'
import { histogram, sparkline } from '../sparkline.ts'
import { type TerminalStyle, terminalStyle } from '../startup.ts'
import { modelAt, type Target, targetOf } from '../target.ts'
import { defineTool } from './define-tool.ts'
import type { ToolContext } from './tool.ts'

const usage = {
  line: 'sluice check URL [--via PROXY …] [options]',
  text: 'Asks an OpenAI-compatible server a few small questions and judges the answers: how streams are\nframed, whether they arrive as they are made, what their chunks hold, how they end, what is\nrefused. Ends with 0 where all is well, 1 where a rule is broken, 2 where it could not be tested.',
  table: {
    model: { value: 'NAME', text: 'The model to ask; the first that is listed by default.' },
    key: {
      value: 'KEY',
      text: 'Sent as "Authorization: Bearer KEY". Better in SLUICE_CLIENT_KEY: a process list shows flags.',
    },
    dialect: {
      value: 'NAME',
      text: 'chat, completions, responses, messages or all; by default the one that URL names, or chat.',
    },
    via: {
      value: 'URL',
      text: 'The same server through a proxy: tells what that breaks. The one nearest to the server first.',
      many: true,
    },
    report: {
      value: 'FILE.md|.json|.html',
      text: 'Writes the record of the check too: what was asked of what, where and when, what came, how fast.',
      many: true,
    },
    against: { value: 'OLD.json', text: 'Says what is different since that record.' },
    json: { text: 'Prints the report as JSON.' },
    strict: { text: 'Warnings and hints count as broken, too.' },
  },
} as const

/** Characters that a drawing is wide. */
const WIDTH = 48

export const tool = defineTool(usage, async (given, bench) => {
  const key = given.text('key')
  requireForms(given.all('report'))
  const against = given.text('against')
  const before = against === undefined ? undefined : await readRecord(against)
  const target = targetOf(given.word(), key, 'check')
  const hops = given.all('via').map((url) => targetOf(url, key, '--via'))
  const asked = dialectsOf(given.text('dialect'), target)
  const model = await modelAt(bench.fetch, target, given.text('model'))
  const tell = await progress(bench)
  const reports: Report[] = []
  try {
    for (const each of [target, ...hops]) reports.push(await ask(each, asked, model, bench, tell))
  } finally {
    tell('')
  }
  bench.out.write(await shown(reports, given.has('json'), bench))
  const files = given.all('report')
  if (before !== undefined || files.length > 0) {
    const by = `sluice ${VERSION} on ${bench.runtime}`
    const circumstances = await circumstancesOf(target, model, by, bench.fetch)
    const record = verificationOf(reports, circumstances, new Date().toISOString())
    for (const file of files) await writeRecord(file, record)
    if (before !== undefined) {
      const told = given.has('json') ? bench.err : bench.out
      told.write(`\n${comparisonText(compare(before, record))}`)
    }
  }
  return Math.max(...reports.map((report) => codeOf(report, given.has('strict'))))
})

/** The APIs that are to be asked. Throws a `SettingsError`. */
function dialectsOf(given: string | undefined, { dialect }: Target): DialectName[] {
  const names = Object.keys(dialects) as DialectName[]
  if (given === undefined) return [dialect?.name ?? 'chat']
  if (given === 'all') return names
  const found = names.find((name) => name === given)
  if (found !== undefined) return [found]
  const expected = `${names.join(', ')} or all`
  throw new SettingsError(`--dialect: expected ${expected}, got ${JSON.stringify(given)}.`)
}

function ask(
  { base, url, dialect, headers, key }: Target,
  names: DialectName[],
  model: string | undefined,
  { fetch, runtime, signal }: ToolContext,
  onQuestion: (title: string) => void,
): Promise<Report> {
  const by = `sluice ${VERSION} on ${runtime}`
  const places = names.map((name) => {
    // An endpoint that was given may have a query.
    const place = name === dialect?.name ? url : `${base}${dialects[name].path}`
    return [name, place] as const
  })
  const seen = places.length === 1 ? (places[0]?.[1] ?? base) : base
  const endpoints = Object.fromEntries(places)
  return check({ fetch, url: seen, endpoints, headers, key, model, by, signal, onQuestion })
}

async function shown(
  reports: readonly Report[],
  asJson: boolean,
  { out }: ToolContext,
): Promise<string> {
  const [report, ...others] = reports as [Report, ...Report[]]
  if (asJson) {
    const all = { reports: reports.map(jsonOf), hops: brokenByHops(reports) }
    return `${JSON.stringify(others.length > 0 ? all : jsonOf(report), null, 2)}\n`
  }
  const style = terminalStyle(await out.isTerminal(), process.env)
  // What a server says of itself may hold what a terminal obeys.
  const paint = { ...style, plain: printable }
  const told = others.length > 0 ? pathText(reports, paint) : textReport(report, paint)
  return `${arrivalText(reports.at(-1) as Report, style)}${told}`
}

/** How the first stream came, drawn: a bar a gap between two events, and how long they were. */
function arrivalText({ asked }: Report, { weak }: TerminalStyle): string {
  const stream = asked.find(({ name }) => name === 'stream')
  if (stream === undefined) return ''
  const timings = timingsOf(stream.recording)
  if (timings === undefined) return ''
  const gaps = gapsOf(stream.recording)
  const rows = histogram(gaps, WIDTH).map((row) => `  ${weak(row)}`)
  const { firstToken, total, tokensPerSecond } = timings
  const speed = tokensPerSecond === undefined ? '' : `, ${tokensPerSecond} tokens/s`
  const line = `  first token after ${firstToken} ms, all after ${total} ms${speed}`
  return `${[`  ${sparkline(gaps, WIDTH)}`, ...rows, line].join('\n')}\n\n`
}

/** The report without the bytes of the answers. */
function jsonOf({ asked, ...report }: Report): object {
  return {
    ...report,
    asked: asked.map(({ recording, ...rest }) => ({
      ...rest,
      status: recording.response?.status,
      ms: recording.end.at,
    })),
  }
}

function codeOf(report: Report, isStrict: boolean): number {
  if (report.dialects.length === 0) return 2
  const { error, warning, hint } = countOf(report)
  return error + (isStrict ? warning + hint : 0) > 0 ? 1 : 0
}

/** What is being asked, on a terminal. */
async function progress({ err }: ToolContext): Promise<NonNullable<CheckOptions['onQuestion']>> {
  if (!(await err.isTerminal())) return () => {}
  return (title) => err.write(`\r\u001b[K${title === '' ? '' : `asking for ${title} …`}`)
}
