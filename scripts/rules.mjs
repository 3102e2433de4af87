// `node scripts/rules.mjs`: writes docs/rules.md, the list of the rules of `sluice check`.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { rulesPage } from '../src/check/rules/docs-page.ts'
import { root } from './hosts.mjs'

writeFileSync(join(root, 'docs/rules.md'), rulesPage())
