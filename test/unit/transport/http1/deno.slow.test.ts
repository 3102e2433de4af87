import { it } from 'vitest'
import { expectPassOnDeno } from '../../../support/on-deno.ts'

it.each(['fetch', 'connection.timing', 'abort.timing', 'packets.timing'])(
  '%s.test.ts passes on Deno, by its own dial',
  (name) => expectPassOnDeno(`transport/http1/${name}.test.ts`),
)
