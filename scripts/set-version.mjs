// Part of `npm run release:version`: copies the version that changesets has set in package.json to
// src/version.ts, because a worker cannot read package.json, to jsr.json and to package-lock.json.

import { readFileSync, writeFileSync } from 'node:fs'

const { version } = JSON.parse(readFileSync('package.json', 'utf8'))

const source = readFileSync('src/version.ts', 'utf8')
writeFileSync('src/version.ts', source.replace(/(?<=VERSION = ')[^']+/, version))

const jsr = readFileSync('jsr.json', 'utf8')
writeFileSync('jsr.json', jsr.replace(/(?<="version": ")[^"]+/, version))

const lock = JSON.parse(readFileSync('package-lock.json', 'utf8'))
lock.version = version
lock.packages[''].version = version
writeFileSync('package-lock.json', `${JSON.stringify(lock, null, 2)}\n`)
