import type { Recording } from '../recording/recording.ts'
import type { QuestionName } from './questions.ts'
import type { DialectName, Finding } from './rules/rule.ts'
import type { RuleName } from './rules/rules.ts'

/** One question, its recorded answer, and the rules that the answer breaks. */
export interface QuestionResult {
  dialect: DialectName
  name: QuestionName
  title: string
  recording: Recording
  findings: Finding<RuleName>[]
  /** Why there was nothing to check: the server does not support what was requested. */
  notOffered?: string
  /** Why the content was not checked: the answer is not a stream, or a broken one. */
  notChecked?: string
}
