// `npm run screenshots`: pictures of every view and state of the page; `-- --help` lists the options.

import { spawn } from 'node:child_process'
import { binaryOf, root } from './hosts.mjs'
import { installAll } from './install.mjs'

installAll()
const argv = ['test/page/shots/main.ts', ...process.argv.slice(2)]
const child = spawn(binaryOf('node'), argv, { cwd: root, stdio: 'inherit' })
child.on('exit', (code) => process.exit(code ?? 1))
