import { it } from 'vitest'
import { expectPassOnDeno } from '../../support/on-deno.ts'

it.each(['fetch', 'connection', 'abort', 'packets'])(
  '%s.test.ts passes on Deno, by its own dial',
  (name) => expectPassOnDeno(`http1/${name}.test.ts`),
)
