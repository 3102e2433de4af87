// `node scripts/metrics.mjs`: writes the tables of docs/metrics.md, which are made of the declarations.

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './hosts.mjs'
import { metricsPage } from './metrics-page.ts'

const path = join(root, 'docs/metrics.md')
writeFileSync(path, metricsPage(readFileSync(path, 'utf8')))
