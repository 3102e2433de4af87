// `node scripts/settings.mjs`: writes docs/settings.md, the table of all settings.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { settingsPage } from '../src/cli/settings-page.ts'
import { root } from './hosts.mjs'

writeFileSync(join(root, 'docs/settings.md'), settingsPage())
