/** The result of a check. */
import type { QuestionResult } from './question-result.ts'
import type { DialectName, Section } from './rules/rule.ts'
import { appliesTo, type RuleName, rules } from './rules/rules.ts'

export interface Report {
  url: string
  model: string | undefined
  results: QuestionResult[]
  /** The APIs that could be checked. */
  dialects: DialectName[]
  /** Why the others could not be checked. */
  untested: Partial<Record<DialectName, string>>
  scores: Score[]
}

/**
 * How many rules of a section were checked, and how many of them were broken. If an answer can't be
 * checked, only the rules that it visibly breaks count. The names of the fields are those of the
 * record that `sluice check --report FILE.json` writes.
 */
export interface Score {
  section: Section
  rules: number
  broken: number
  /** Why the others were not checked: the server lacks the feature, or its answer is broken. */
  unoffered?: string
  unjudged?: string
}

/** A question's title, with its API if several were checked. */
export function titleIn(
  { dialects, untested }: Report,
  { title, dialect }: QuestionResult,
): string {
  const isOne = dialects.length + Object.keys(untested).length === 1
  return isOne ? title : `${title} (${dialect})`
}

/** The question whose answer decides on all rules of a section. */
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
  results: QuestionResult[],
  untested: Report['untested'],
): Report {
  const names = new Set(results.map(({ dialect }) => dialect))
  const dialects = [...names].filter((name) => untested[name] === undefined)
  const sections = [...new Set(Object.values(rules).map(({ section }) => section))]
  const broken = new Set(results.flatMap(({ findings }) => findings.map(({ rule }) => rule)))
  const scores = sections.map((section) => scoreOf(section, dialects, results, broken))
  return { url, model, results, dialects, untested, scores: scores.filter(isShown) }
}

function scoreOf(
  section: Section,
  dialects: DialectName[],
  results: QuestionResult[],
  broken: ReadonlySet<RuleName>,
): Score {
  const answers = results.filter(({ name }) => name === JUDGED_BY[section])
  const without = answers.filter(({ notOffered, notChecked }) => notOffered ?? notChecked)
  const [first] = without
  const judged = dialects.filter((name) => !without.some(({ dialect }) => dialect === name))
  const own = (Object.keys(rules) as RuleName[]).filter((name) => rules[name].section === section)
  const isJudged = (name: RuleName) => judged.some((dialect) => appliesTo(dialect, name))
  const names = own.filter((name) => broken.has(name) || isJudged(name))
  return {
    section,
    rules: names.length,
    broken: names.filter((name) => broken.has(name)).length,
    ...(!own.some(isJudged) && whyNot(first)),
  }
}

function whyNot(asked: QuestionResult | undefined): Pick<Score, 'unoffered' | 'unjudged'> {
  const { notOffered, notChecked } = asked ?? {}
  return {
    ...(notOffered && { unoffered: notOffered }),
    ...(notChecked && { unjudged: notChecked }),
  }
}

/** A section's score in words: how many of its rules are kept, or why that is not known. */
export function scoreText(score: Score): string {
  const reason = reasonOf(score)
  const kept = `${score.rules - score.broken} of ${score.rules}`
  if (reason === undefined) return kept
  return score.rules === 0 ? `– ${reason}` : `${kept}, the others ${reason}`
}

/** Why rules of a section were not checked, in words; undefined if all were. */
export function reasonOf({ unoffered, unjudged }: Score): string | undefined {
  if (unoffered !== undefined) return `not offered: ${unoffered}`
  return unjudged === undefined ? undefined : `not checked: ${unjudged}`
}

/** A section without rules for the checked APIs is not shown. */
function isShown(score: Score): boolean {
  return score.rules > 0 || reasonOf(score) !== undefined
}
