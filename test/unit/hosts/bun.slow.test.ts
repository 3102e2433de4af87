import { it } from 'vitest'
import { expectPassOnBun } from '../../support/on-bun.ts'

it('native-fetch.test.ts passes on Bun', () => expectPassOnBun('hosts/server/native-fetch.test.ts'))
