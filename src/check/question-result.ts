import type { Recording } from '../recording/recording.ts'
import type { QuestionName } from './questions.ts'
import type { DialectName, Finding } from './rules/rule.ts'
import type { RuleName } from './rules/rules.ts'

/** One question, its answer, and what it breaks. */
export interface QuestionResult {
  dialect: DialectName
  name: QuestionName
  title: string
  recording: Recording
  findings: Finding<RuleName>[]
  /** Why there was nothing to judge: the server does not offer what was asked for. */
  unoffered?: string
  /** Why rules about what it holds were not looked at: the stream that was to bring it is none. */
  unjudged?: string
}
