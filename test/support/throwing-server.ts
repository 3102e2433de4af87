/**
 * Serves on the runtime that runs this, named by the first argument, and asks it while something that
 * every request needs throws, and then again. Prints what came, as JSON.
 */
import type { serve as Serve } from '../../src/hosts/node.ts'

const [host = 'node'] = process.argv.slice(2)
const { serve } = (await import(`../../src/hosts/${host}.ts`)) as { serve: typeof Serve }
const server = await serve({ port: 0, discover: false, warmUp: false })

async function ask(path: string): Promise<object> {
  const response = await fetch(server.url + path)
  const { status, headers } = response
  return { status, type: headers.get('content-type'), text: await response.text() }
}

const { randomUUID } = crypto
/** Asks while the id of a request can't be made; that of the error's log line can. */
function askBroken(path: string): Promise<object> {
  crypto.randomUUID = () => {
    crypto.randomUUID = randomUUID
    throw new Error('secret')
  }
  return ask(path)
}

const broken = [await askBroken('/v1/models'), await askBroken('/v1/messages')]
process.stdout.write(JSON.stringify({ broken, again: await ask('/health') }))
await server.stop(0)
process.exit(0)
