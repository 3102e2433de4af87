import { createHandler } from '@sluice/sluice'

const { fetch } = createHandler({
  basePath: '/ai',
  upstream: [process.env.UPSTREAM ?? 'http://127.0.0.1:11434/v1'],
  // `NAME=sha256:…`, as `npx sluice key new NAME` prints it.
  keys: process.env.SLUICE_KEYS ?? [],
  insecure: process.env.NODE_ENV === 'development',
})

/** No answer is made ahead of its request. */
export const dynamic = 'force-dynamic'

export { fetch as DELETE, fetch as GET, fetch as HEAD, fetch as OPTIONS, fetch as POST }
