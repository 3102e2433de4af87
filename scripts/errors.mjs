// `node scripts/errors.mjs`: writes docs/errors.md, what each error code means and what to do about it.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { errorsPage } from './errors-page.ts'
import { root } from './hosts.mjs'

writeFileSync(join(root, 'docs/errors.md'), errorsPage())
