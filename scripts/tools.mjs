// `node scripts/tools.mjs`: writes docs/tools.md, what becomes of each type of tool, item and block.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { toolsPage } from '../src/dialects/tools/docs-page.ts'
import { root } from './hosts.mjs'

writeFileSync(join(root, 'docs/tools.md'), toolsPage())
