// `node scripts/settings.mjs`: writes what is made of the declarations of the settings, the table in
// docs/settings.md and the types in src/settings/generated.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { settingsPage } from '../src/cli/settings-page.ts'
import { root } from './hosts.mjs'
import { inputTypes } from './settings-types.mjs'

for (const [path, text] of Object.entries(inputTypes())) writeFileSync(join(root, path), text)
writeFileSync(join(root, 'docs/settings.md'), settingsPage())
