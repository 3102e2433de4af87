// `node scripts/grafana.mjs`: writes deploy/grafana/sluice.json, which is made of scripts/grafana/rows.ts.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { dashboardText } from './grafana/dashboard.ts'
import { root } from './hosts.mjs'

writeFileSync(join(root, 'deploy/grafana/sluice.json'), dashboardText())
