import { expect, it } from 'vitest'
import { type HostName, startServer } from '../support/server.ts'
import { Churn, KEYS } from './churn.ts'

/** Ten minutes say most: `SLUICE_TEST_TABS_SECONDS=600`. */
const SECONDS = Number(process.env.SLUICE_TEST_TABS_SECONDS ?? 180)
const SEED = Number(process.env.SLUICE_TEST_TABS_SEED ?? Date.now() % 2 ** 31)
const HOST = (process.env.SLUICE_TEST_TABS_HOST ?? 'node') as HostName

it('fifty tabs join, leave and die: each request ends in one way', async () => {
  console.log(`seed ${SEED}, ${HOST}, ${SECONDS} s`)
  const flags = ['--log', 'none', ...(HOST === 'workerd' ? ['--tabs'] : [])]
  await using server = await startServer(HOST, flags, { SLUICE_KEYS: KEYS })
  const { counts, wrong } = await new Churn(server, SEED).run(SECONDS)
  console.log(counts, wrong)
  expect(wrong.slice(0, 10)).toEqual([])
}, 700_000)
