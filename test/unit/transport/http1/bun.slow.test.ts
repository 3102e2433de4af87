import { it } from 'vitest'
import { expectPassOnBun } from '../../../support/on-bun.ts'

it.each(['fetch', 'connection.timing', 'abort.timing'])(
  '%s.test.ts passes on Bun, by its own sockets',
  (name) => expectPassOnBun(`transport/http1/${name}.test.ts`),
)
