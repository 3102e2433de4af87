// `node scripts/routes.mjs`: writes docs/routes.md, the list of all routes.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './hosts.mjs'
import { routesPage } from './openapi/routes-page.ts'

writeFileSync(join(root, 'docs/routes.md'), routesPage())
