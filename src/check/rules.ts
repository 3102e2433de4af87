import type { DialectName, Rule } from './rule.ts'
import { answersRules } from './rules/answers.ts'
import { arrivalRules } from './rules/arrival.ts'
import { contractRules } from './rules/contract.ts'
import { framingRules } from './rules/framing.ts'
import { headersRules } from './rules/headers.ts'
import { schemaRules } from './rules/schema.ts'
import { toolsRules } from './rules/tools.ts'

/** Every rule, in the order in which a report tells of them. */
export const rules = {
  ...headersRules,
  ...framingRules,
  ...arrivalRules,
  ...schemaRules,
  ...contractRules,
  ...toolsRules,
  ...answersRules,
}

export type RuleName = keyof typeof rules

export function holdsFor(dialect: DialectName, name: RuleName): boolean {
  const { of }: Rule = rules[name]
  return of === undefined || of.includes(dialect)
}
