// `node scripts/tools.mjs`: writes docs/tools.md, how each type of tool, item and block is translated.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { toolsPage } from '../src/dialects/tools/docs-page.ts'
import { root } from './hosts.mjs'

writeFileSync(join(root, 'docs/tools.md'), toolsPage())
