import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import * as messages from '../../../../src/dialects/messages/rules.ts'
import * as responses from '../../../../src/dialects/responses/rules.ts'
import { toolsPage } from '../../../../src/dialects/tools/docs-page.ts'
import { OmittedTypes } from '../../../../src/dialects/tools/omitted-types.ts'
import { ruleFor, type ToolRule } from '../../../../src/dialects/tools/rule.ts'

const root = join(import.meta.dirname, '../../../..')

const tables: [string, readonly ToolRule<unknown>[]][] = [
  ['tools of Responses', responses.TOOLS],
  ['items of Responses', responses.ITEMS],
  ['tools of Messages', messages.TOOLS],
  ['blocks of a user', messages.USER_BLOCKS],
  ['blocks of an assistant', messages.ASSISTANT_BLOCKS],
]

describe.each(tables)('the table for %s', (_, rules) => {
  it('has a row for any type, at its end', () => {
    expect(ruleFor(rules, { type: 'from the future' })).toBe(rules.at(-1))
  })

  it('has no row that another one hides', () => {
    for (const rule of rules) {
      const type = rule.type.replace('*', '_x')
      const fitting = rules.filter((other) => other.condition === undefined)
      if (rule.condition === undefined) expect(ruleFor(fitting, { type })).toBe(rule)
    }
  })

  it('has rows that fit in a table of the page', () => {
    for (const { type, description } of rules) expect(`${type}${description}`).not.toMatch(/[|\n]/)
  })
})

describe('a rule', () => {
  it.each<[object, string]>([
    [{ type: 'tool_search', execution: 'client' }, 'translated'],
    [{ type: 'tool_search', execution: 'server' }, 'left out'],
    [{ type: 'tool_search' }, 'left out'],
    [{ type: 'shell' }, 'translated'],
    [{ type: 'shell', environment: { type: 'local' } }, 'translated'],
    [{ type: 'shell', environment: { type: 'container_auto' } }, 'left out'],
    [{ type: 'web_search_preview_2025_03_11' }, 'left out'],
    [{ type: 'computer_use_preview' }, 'translated'],
  ])('goes by what the tool says: %j', (tool, fate) => {
    expect(ruleFor(responses.TOOLS, tool as { type: string }).handling).toBe(fate)
  })
})

it('names what is left out in words that a header takes', () => {
  const omitted = new OmittedTypes()
  for (const type of ['web_search', 'a\r\nb: c', '', 'web_search', 'é'.repeat(99)])
    omitted.add(type)
  expect(omitted.names).toEqual(['web_search', 'a__b__c', '_', '_'.repeat(40)])
})

it('is shown by docs/tools.md: node scripts/tools.mjs writes it', () => {
  expect(readFileSync(join(root, 'docs/tools.md'), 'utf8')).toBe(toolsPage())
})
