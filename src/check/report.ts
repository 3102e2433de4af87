/** What a check found, put together. */
import type { QuestionResult } from './question-result.ts'
import type { DialectName, Section } from './rules/rule.ts'
import { holdsFor, type RuleName, rules } from './rules/rules.ts'

export interface Report {
  url: string
  model: string | undefined
  asked: QuestionResult[]
  /** The APIs that could be judged. */
  dialects: DialectName[]
  /** Why others could not. */
  untested: Partial<Record<DialectName, string>>
  scores: Score[]
}

/**
 * How many rules of a section were looked at, and how many of them were broken. Of what can't be
 * judged, only the rules that it was seen to break count as looked at.
 */
export interface Score {
  section: Section
  rules: number
  broken: number
  /** Why the others were not: the server offers nothing of the kind, or what came can't be judged. */
  unoffered?: string
  unjudged?: string
}

/** A question's title, with its API where several were asked. */
export function titleIn(
  { dialects, untested }: Report,
  { title, dialect }: QuestionResult,
): string {
  const isOne = dialects.length + Object.keys(untested).length === 1
  return isOne ? title : `${title} (${dialect})`
}

/** Sections whose rules one question's answer is judged by, by that question's name. */
const JUDGED_BY: Partial<Record<Section, QuestionResult['name']>> = {
  framing: 'stream',
  arrival: 'stream',
  schema: 'stream',
  contract: 'stream',
  tools: 'tools',
  structured: 'structured',
}

export function reportOf(
  { url, model }: Pick<Report, 'url' | 'model'>,
  asked: QuestionResult[],
  untested: Report['untested'],
): Report {
  const names = new Set(asked.map(({ dialect }) => dialect))
  const dialects = [...names].filter((name) => untested[name] === undefined)
  const sections = [...new Set(Object.values(rules).map(({ section }) => section))]
  const broken = new Set(asked.flatMap(({ findings }) => findings.map(({ rule }) => rule)))
  const scores = sections.map((section) => scoreOf(section, dialects, asked, broken))
  return { url, model, asked, dialects, untested, scores: scores.filter(isTold) }
}

function scoreOf(
  section: Section,
  dialects: DialectName[],
  asked: QuestionResult[],
  broken: ReadonlySet<RuleName>,
): Score {
  const answers = asked.filter(({ name }) => name === JUDGED_BY[section])
  const without = answers.filter(({ unoffered, unjudged }) => unoffered ?? unjudged)
  const [first] = without
  const judged = dialects.filter((name) => !without.some(({ dialect }) => dialect === name))
  const own = (Object.keys(rules) as RuleName[]).filter((name) => rules[name].section === section)
  const isJudged = (name: RuleName) => judged.some((dialect) => holdsFor(dialect, name))
  const names = own.filter((name) => broken.has(name) || isJudged(name))
  return {
    section,
    rules: names.length,
    broken: names.filter((name) => broken.has(name)).length,
    ...(!own.some(isJudged) && whyNot(first)),
  }
}

function whyNot(asked: QuestionResult | undefined): Pick<Score, 'unoffered' | 'unjudged'> {
  const { unoffered, unjudged } = asked ?? {}
  return { ...(unoffered && { unoffered }), ...(unjudged && { unjudged }) }
}

/** A section's row in a report: how many of its rules are kept, or why that is not known. */
export function keptOf(score: Score): string {
  const reason = reasonOf(score)
  const kept = `${score.rules - score.broken} of ${score.rules}`
  if (reason === undefined) return kept
  return score.rules === 0 ? `– ${reason}` : `${kept}, the others ${reason}`
}

/** Why rules of a section were not looked at, in words; undefined where all were. */
export function reasonOf({ unoffered, unjudged }: Score): string | undefined {
  if (unoffered !== undefined) return `not offered: ${unoffered}`
  return unjudged === undefined ? undefined : `not judged: ${unjudged}`
}

/** A section that no API of those asked has is not told of. */
function isTold(score: Score): boolean {
  return score.rules > 0 || reasonOf(score) !== undefined
}
