// `npm run test:record`: keeps the requests that SDKs send now, after an update of one. The hosts on
// which no SDK is run are asked these.

import { execFileSync } from 'node:child_process'
import { binaryOf, root } from './hosts.mjs'
import { vitest } from './parts.mjs'

execFileSync(
  binaryOf('node'),
  [...vitest.slice(1), 'run', 'test/hosts/in-process/clients.test.ts'],
  {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, SLUICE_TEST_RECORD_REQUESTS: 'yes' },
  },
)
