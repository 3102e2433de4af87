import { it } from 'vitest'
import { expectPassOnBun } from '../../support/on-bun.ts'

it.each(['first-packet', 'listen-timers', 'native-fetch', 'warm-up.slow'])(
  '%s.test.ts passes on Bun',
  (name) => expectPassOnBun(`hosts/server/${name}.test.ts`),
)
