// `npm run release:version`, after changesets has set the version in package.json: writes it where
// else it is stated. src/version.ts holds a copy because a worker cannot read package.json.

import { readFileSync, writeFileSync } from 'node:fs'

const { version } = JSON.parse(readFileSync('package.json', 'utf8'))

const source = readFileSync('src/version.ts', 'utf8')
writeFileSync('src/version.ts', source.replace(/(?<=VERSION = ')[^']+/, version))

const lock = JSON.parse(readFileSync('package-lock.json', 'utf8'))
lock.version = version
lock.packages[''].version = version
writeFileSync('package-lock.json', `${JSON.stringify(lock, null, 2)}\n`)
