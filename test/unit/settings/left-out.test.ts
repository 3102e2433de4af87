import { expect, it } from 'vitest'
import { formerNamesOf } from '../../../src/settings/deprecated.ts'
import { FORMER_NAMES } from '../../../src/settings/left-out.ts'
import type { Declarations } from '../../../src/settings/reader.ts'
import { coreSettings } from '../../../src/settings/table/core.ts'
import { declarations } from '../../../src/settings/table/table.ts'

it('the former names of settings of parts are those that the settings say', () => {
  const ofCore = formerNamesOf(coreSettings as Declarations)
  const ofParts = [...formerNamesOf(declarations)].filter(([former]) => !ofCore.has(former))
  expect(ofParts).not.toEqual([])
  expect(FORMER_NAMES).toEqual(Object.fromEntries(ofParts))
})
