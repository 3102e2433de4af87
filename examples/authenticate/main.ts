import { ApiError } from '@sluice/sluice'
import { serve } from '@sluice/sluice/node'

/** Stands for a table of users in a database. */
const users = new Map([
  ['token-of-ann', { id: 'ann', plan: 'large' }],
  ['token-of-bob', { id: 'bob', plan: 'small' }],
  ['token-of-eve', { id: 'eve', plan: 'ended' }],
])

/** Who asks, and what they may use; nobody, where the token is of no user. */
export async function authenticate({ headers }: Request) {
  const token = headers.get('authorization')?.replace(/^Bearer /, '')
  const user = users.get(token ?? '')
  if (user === undefined) return undefined
  if (user.plan === 'ended') {
    throw new ApiError(402, 'Your plan has ended; choose another in your account.')
  }
  const isLarge = user.plan === 'large'
  return {
    // Limits, stored responses and log entries are those of this name.
    name: user.id,
    requestsPerMinute: isLarge ? 600 : 2,
    maxConcurrency: isLarge ? 8 : 1,
    ...(!isLarge && { models: ['static'] }),
  }
}

if (import.meta.main) {
  const server = await serve({ host: '0.0.0.0', authenticate, log: 'text' })
  console.log(`${server.url}/v1`)
}
