import { it } from 'vitest'
import { expectPassOnDeno } from '../../support/on-deno.ts'

it.each(['node/listen', 'server/native-fetch', 'server/warm-up.slow'])(
  '%s.test.ts passes on Deno',
  (name) => expectPassOnDeno(`hosts/${name}.test.ts`),
)
