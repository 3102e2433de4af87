import { it } from 'vitest'
import { expectPassOnDeno } from '../../support/on-deno.ts'

it('node-listen.test.ts passes on Deno', () => expectPassOnDeno('hosts/node-listen.test.ts'))
