/** What was found, as text for people and as JSON for programs. */
import { terminalLine } from '../../util/safe/terminal.ts'
import { VERSION } from '../../version.ts'
import type { TerminalStyle } from '../startup.ts'
import { CHECKS, type CheckName, type Diagnosis, type Level } from './finding.ts'
import { plural } from './shown.ts'

const LEVELS: readonly Level[] = ['problem', 'warning', 'hint', 'ok']

const MARKS: Readonly<Record<Level, string>> = { ok: '✓', hint: '·', warning: '!', problem: '✗' }

export function counted(findings: readonly Diagnosis[]): Record<Level, number> {
  const count = (level: Level) => findings.filter((each) => each.level === level).length
  return {
    ok: count('ok'),
    hint: count('hint'),
    warning: count('warning'),
    problem: count('problem'),
  }
}

/** Findings by check, each with its remedy below it, and a last line that counts them. */
export function findingsText(
  findings: readonly Diagnosis[],
  runtime: string,
  style: TerminalStyle,
): string {
  const parts = (Object.keys(CHECKS) as CheckName[]).flatMap((check) => {
    const own = findings.filter((each) => each.check === check)
    if (own.length === 0) return []
    const sorted = own.toSorted((a, b) => LEVELS.indexOf(a.level) - LEVELS.indexOf(b.level))
    return [
      [style.strong(CHECKS[check]), ...sorted.map((each) => described(each, style))].join('\n'),
    ]
  })
  const title = style.strong(`sluice ${VERSION} on ${runtime}`)
  return `${[title, ...parts, summary(findings)].join('\n\n')}\n`
}

function described({ level, text, remedy, command }: Diagnosis, style: TerminalStyle): string {
  const word = level === 'ok' ? '' : `${level}: `
  const line = `  ${MARKS[level]} ${word}${terminalLine(text)}`
  const shown = level === 'problem' ? style.strong(line) : level === 'ok' ? style.weak(line) : line
  return [
    shown,
    ...(remedy === undefined ? [] : [`      ${terminalLine(remedy)}`]),
    ...(command === undefined ? [] : [`      ${style.strong(terminalLine(command))}`]),
  ].join('\n')
}

function summary(findings: readonly Diagnosis[]): string {
  const { problem, warning, hint } = counted(findings)
  if (problem + warning + hint === 0) return 'Everything that was looked at is in order.'
  return `${plural(problem, 'problem')}, ${plural(warning, 'warning')}, ${plural(hint, 'hint')}`
}

/** The same for programs; docs/commands.md describes it. */
export function findingsJson(findings: readonly Diagnosis[], runtime: string): string {
  const { problem: problems, warning: warnings, hint: hints } = counted(findings)
  const report = { version: VERSION, runtime, problems, warnings, hints, findings }
  return `${JSON.stringify(report, null, 2)}\n`
}
