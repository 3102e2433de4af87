import { type CheckOptions, check } from '../../check/check.ts'
import { checkRecording } from '../../check/check-recording.ts'
import { dialects } from '../../check/dialects/dialects.ts'
import { violationsByHop } from '../../check/hops.ts'
import type { Report } from '../../check/report.ts'
import type { DialectName } from '../../check/rules/rule.ts'
import { pathText, textReport } from '../../check/text-report.ts'
import { compare, comparisonText } from '../../check/verification/compare.ts'
import { gapsOf, timingsOf } from '../../check/verification/timings.ts'
import { verificationOf } from '../../check/verification/verification.ts'
import { countBySeverity } from '../../check/violations.ts'
import { SettingsError } from '../../settings/settings.ts'
import { terminalLine, terminalText } from '../../util/safe/terminal.ts'
import { VERSION } from '../../version.ts'
import { circumstancesOf } from '../circumstances.ts'
import type { Given } from '../options.ts'
import { isRecordingFile, readRecording } from '../recordings.ts'
import { readRecord, requireForms, writeRecord } from '../records.ts'
import { histogram, sparkline } from '../sparkline.ts'
import { type TerminalStyle, terminalStyle } from '../startup.ts'
import { modelAt, type Target, targetOf } from '../target.ts'
import { defineTool } from './define-tool.ts'
import type { ToolContext } from './tool.ts'

const usage = {
  line: 'sluice check URL|FILE … [--via PROXY …] [options]',
  text: 'Sends an OpenAI-compatible server a few small requests and checks the answers against rules: how\nstreams are framed, whether chunks arrive as they are made, what they hold, how streams end, and\nwhat is refused. A recording (FILE) is checked without sending anything. The exit code is 0 if no rule\nis broken, 1 if one is, and 2 if nothing could be tested.',
  table: {
    model: { value: 'NAME', text: 'The model to use; by default the first that the server lists.' },
    key: {
      value: 'KEY',
      text: 'Sent as "Authorization: Bearer KEY". SLUICE_CLIENT_KEY is safer: the list of processes shows flags.',
    },
    dialect: {
      value: 'NAME',
      text: 'The API to test: chat, completions, responses, messages or all; by default the one that URL names, or chat.',
    },
    via: {
      value: 'URL',
      text: 'The same server through a proxy, to find out what the proxy breaks. The one nearest to the server comes first.',
      many: true,
    },
    report: {
      value: 'FILE.md|.json|.html',
      text: 'Also write a record of the check: the server, the requests, the answers, and their timing.',
      many: true,
    },
    against: { value: 'OLD.json', text: 'Print what has changed since that record.' },
    json: { text: 'Print the report as JSON.' },
    strict: { text: 'Also exit with 1 for warnings and hints.' },
  },
} as const

/** The width of a drawing, in characters. */
const WIDTH = 48

/** What can be asked of a check of recordings. */
const OF_FILES: readonly string[] = ['json', 'strict']

export const tool = defineTool(usage, async (given, context) => {
  const [first] = given.words
  return first !== undefined && (await isRecordingFile(first))
    ? checkFiles(given, context)
    : checkServer(given, context)
})

type Options = Given<keyof typeof usage.table>

/** Checks recordings, each by itself. */
async function checkFiles(given: Options, { out }: ToolContext): Promise<number> {
  const names = Object.keys(usage.table) as (keyof typeof usage.table)[]
  const wrong = names.find((name) => !OF_FILES.includes(name) && given.has(name))
  if (wrong !== undefined) {
    throw new SettingsError(
      `--${wrong}: expected only --json and --strict for recordings, got this option; name a URL, or leave it out.`,
    )
  }
  const recordings = await Promise.all(given.words.map((file) => readRecording(file, 'check')))
  const reports = recordings.map((each, index) => checkRecording(each, given.words[index] ?? ''))
  const style = terminalStyle(await out.isTerminal(), process.env)
  const paint = { ...style, plain: terminalLine }
  const text = given.has('json')
    ? `${JSON.stringify(reports.length === 1 ? reports.map(jsonOf)[0] : { reports: reports.map(jsonOf) }, null, 2)}\n`
    : reports.map((report) => arrivalText(report, style) + textReport(report, paint)).join('\n')
  out.write(terminalText(text))
  return Math.max(...reports.map((report) => codeOf(report, given.has('strict'))))
}

async function checkServer(given: Options, context: ToolContext): Promise<number> {
  const key = given.text('key')
  requireForms(given.all('report'))
  const against = given.text('against')
  const before = against === undefined ? undefined : await readRecord(against)
  const target = targetOf(given.word(), key, 'check')
  const hops = given.all('via').map((url) => targetOf(url, key, '--via'))
  const asked = dialectsOf(given.text('dialect'), target)
  const model = await modelAt(context.fetch, target, given.text('model'))
  const tell = await progress(context)
  const reports: Report[] = []
  try {
    for (const each of [target, ...hops]) reports.push(await ask(each, asked, model, context, tell))
  } finally {
    tell('')
  }
  context.out.write(await shown(reports, given.has('json'), context))
  const files = given.all('report')
  if (before !== undefined || files.length > 0) {
    const by = `sluice ${VERSION} on ${context.runtime}`
    const circumstances = await circumstancesOf(target, model, by, context.fetch)
    const record = verificationOf(reports, circumstances, new Date().toISOString())
    for (const file of files) await writeRecord(file, record)
    if (before !== undefined) {
      const output = given.has('json') ? context.err : context.out
      output.write(`\n${terminalText(comparisonText(compare(before, record)))}`)
    }
  }
  return Math.max(...reports.map((report) => codeOf(report, given.has('strict'))))
}

/** The APIs to test. Throws a `SettingsError`. */
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
    // A given endpoint may have a query.
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
    const all = { reports: reports.map(jsonOf), hops: violationsByHop(reports) }
    return terminalText(`${JSON.stringify(others.length > 0 ? all : jsonOf(report), null, 2)}\n`)
  }
  const style = terminalStyle(await out.isTerminal(), process.env)
  // Text of the server may contain control characters.
  const paint = { ...style, plain: terminalLine }
  const text = others.length > 0 ? pathText(reports, paint) : textReport(report, paint)
  return `${arrivalText(reports.at(-1) as Report, style)}${text}`
}

/** The timing of the first stream, drawn: a bar for each gap between two events, and a histogram. */
function arrivalText({ results }: Report, { weak }: TerminalStyle): string {
  const stream = results.find(({ name }) => name === 'stream')
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

/** The report without the bytes of the answers, with the names that scripts rely on. */
function jsonOf({ results, ...report }: Report): object {
  return {
    ...report,
    asked: results.map(({ recording, notOffered, notChecked, ...rest }) => ({
      ...rest,
      ...(notOffered !== undefined && { unoffered: notOffered }),
      ...(notChecked !== undefined && { unjudged: notChecked }),
      status: recording.response?.status,
      ms: recording.end.at,
    })),
  }
}

function codeOf(report: Report, isStrict: boolean): number {
  if (report.dialects.length === 0) return 2
  const { error, warning, hint } = countBySeverity(report)
  return error + (isStrict ? warning + hint : 0) > 0 ? 1 : 0
}

/** Shows the current request, on a terminal. */
async function progress({ err }: ToolContext): Promise<NonNullable<CheckOptions['onQuestion']>> {
  if (!(await err.isTerminal())) return () => {}
  return (title) =>
    err.write(`\r\u001b[K${title === '' ? '' : `requesting ${terminalLine(title)} …`}`)
}
