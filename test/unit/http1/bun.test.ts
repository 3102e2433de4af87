import { it } from 'vitest'
import { expectPassOnBun } from '../../support/on-bun.ts'

it.each(['fetch', 'connection', 'abort'])('%s.test.ts passes on Bun, by its own sockets', (name) =>
  expectPassOnBun(`http1/${name}.test.ts`),
)
