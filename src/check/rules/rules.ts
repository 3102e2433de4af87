import { answersRules } from './answers.ts'
import { arrivalRules } from './arrival.ts'
import { contractRules } from './contract.ts'
import { framingRules } from './framing.ts'
import { headersRules } from './headers.ts'
import type { DialectName, Rule } from './rule.ts'
import { schemaRules } from './schema.ts'
import { toolsRules } from './tools.ts'

/** All rules, in the order of a report. */
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

export function appliesTo(dialect: DialectName, name: RuleName): boolean {
  const { dialects }: Rule = rules[name]
  return dialects === undefined || dialects.includes(dialect)
}
