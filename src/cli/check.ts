import process from 'node:process'
import { type CheckOptions, check, type Report } from '../check/check.ts'
import { countOf, textReport } from '../check/text-report.ts'
import { VERSION } from '../version.ts'
import { printable } from './log.ts'
import { readOptions, usageText } from './options.ts'
import { inkFor } from './startup.ts'
import { firstModel, targetOf } from './target.ts'
import type { Bench, Tool } from './tools.ts'

const usage = {
  line: 'sluice check URL [options]',
  text: 'Asks an OpenAI-compatible server a few small questions and judges the answers: how streams are\nframed, whether they arrive as they are made, what their chunks hold, how they end, what is\nrefused. Ends with 0 where all is well, 1 where a rule is broken, 2 where it could not be tested.',
  table: {
    model: { value: 'NAME', text: 'The model to ask; the first that is listed by default.' },
    key: {
      value: 'KEY',
      text: 'Sent as "Authorization: Bearer KEY". Better in SLUICE_CLIENT_KEY: a process list shows flags.',
    },
    json: { text: 'Prints the report as JSON.' },
    strict: { text: 'Warnings and hints count as broken, too.' },
  },
} as const

export const tool: Tool = {
  usage,
  async run(args, bench) {
    const given = readOptions(usage, args)
    if (given === undefined) {
      bench.out.write(usageText(usage))
      return 0
    }
    const target = targetOf(given.words[0], given.text('key'), 'check')
    const model = given.text('model') ?? (await firstModel(bench.fetch, target))
    const tell = await progress(bench)
    const report = await check({
      fetch: bench.fetch,
      url: target.url,
      headers: target.headers,
      model,
      by: `sluice ${VERSION} on ${bench.runtime}`,
      secrets: target.key === undefined ? [] : [target.key],
      signal: bench.signal,
      onQuestion: tell,
    }).finally(() => tell(''))
    bench.out.write(await shown(report, given.has('json'), bench))
    return codeOf(report, given.has('strict'))
  },
}

async function shown(report: Report, asJson: boolean, { out }: Bench): Promise<string> {
  if (asJson) return `${JSON.stringify(jsonOf(report), null, 2)}\n`
  const ink = inkFor(await out.isTerminal(), process.env)
  // What a server says of itself may hold what a terminal obeys.
  return textReport(report, { ...ink, plain: printable })
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
  if (report.untested !== undefined) return 2
  const { error, warning, hint } = countOf(report)
  return error + (isStrict ? warning + hint : 0) > 0 ? 1 : 0
}

/** What is being asked, on a terminal. */
async function progress({ err }: Bench): Promise<NonNullable<CheckOptions['onQuestion']>> {
  if (!(await err.isTerminal())) return () => {}
  return (title) => err.write(`\r\u001b[K${title === '' ? '' : `asking for ${title} …`}`)
}
