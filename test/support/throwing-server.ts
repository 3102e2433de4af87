/**
 * Serves on the runtime that runs this, named by the first argument, and asks it while something that
 * every request needs throws, and then again. Prints what came, as JSON.
 */
import type { serve as Serve } from '../../src/hosts/node.ts'

const [host = 'node'] = process.argv.slice(2)
const { serve } = (await import(`../../src/hosts/${host}.ts`)) as { serve: typeof Serve }
const server = await serve({ port: 0, discover: false })

async function ask(path: string): Promise<object> {
  const response = await fetch(server.url + path)
  const { status, headers } = response
  return { status, type: headers.get('content-type'), text: await response.text() }
}

const { parse } = URL
URL.parse = () => {
  throw new Error('secret')
}
const broken = [await ask('/v1/models'), await ask('/v1/messages')]
URL.parse = parse
process.stdout.write(JSON.stringify({ broken, again: await ask('/health') }))
await server.stop(0)
process.exit(0)
