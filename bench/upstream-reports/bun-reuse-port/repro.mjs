// Bun.serve: with `development: false`, reusePort is on without being asked for, so that a second server
// starts on a port that is taken. Run: bun repro.mjs. Exits with 1 while Bun does so, else with 0.
const answer = { hostname: '127.0.0.1', fetch: () => new Response('ok') }

const shared = starts({ development: false })
console.log(`A second server on the same port, with development: false: ${shared}`)
console.log(`The same without that option: ${starts({})}`)
console.log(`The same with reusePort: false: ${starts({ development: false, reusePort: false })}`)
process.exit(shared === 'started' ? 1 : 0)

/** What becomes of a second server on the port of the first one. */
function starts(options) {
  const first = Bun.serve({ ...answer, ...options, port: 0 })
  try {
    Bun.serve({ ...answer, ...options, port: first.port }).stop(true)
    return 'started'
  } catch (error) {
    return error.code
  } finally {
    first.stop(true)
  }
}
