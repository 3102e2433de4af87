import { compatItem } from '../compat.ts'
import { boolean, integer, list, servers, text } from '../declaration.ts'
import { docsUrl, page } from './of-parts.ts'

const server = { where: servers, needsRestart: true } as const

/** Where a server listens, and how it starts. */
const listening = {
  port: integer({
    ...server,
    min: 0,
    max: 65_535,
    default: 8787,
    placeholder: 'PORT',
    expected: 'a port from 0 to 65535',
    help: 'The port to listen on; 0 lets the system choose one.',
  }),
  host: text({
    ...server,
    default: '127.0.0.1',
    pattern: /^[a-zA-Z0-9_.:%-]+$/,
    placeholder: 'ADDRESS',
    expected: 'an address to listen on, such as 127.0.0.1',
    help: 'The address to listen on. Any other than a loopback address lets other machines connect.',
  }),
  compat: list(compatItem, {
    where: ['bun', 'deno', 'node'],
    needsRestart: true,
    isSingle: true,
    placeholder: 'ollama[=PORT]',
    expected: 'ollama, or ollama=PORT',
    instead:
      'run sluice on one of those, or give programs the address that it listens at, such as OLLAMA_HOST=127.0.0.1:8787',
    help: 'Also listen where programs look for Ollama, at port 11434 or the one given, if it is free. Ollama’s API is served at --port in any case.',
  }),
  tlsCert: text({
    ...server,
    placeholder: 'FILE',
    expected: 'the path of a PEM file with a certificate',
    help: 'A PEM file with the certificate to serve https with, and its chain. Needs --tls-key.',
  }),
  tlsKey: text({
    ...server,
    placeholder: 'FILE',
    expected: 'the path of a PEM file with a private key',
    help: 'A PEM file with the private key of that certificate, without a passphrase.',
  }),
  reusePort: boolean({
    where: ['bun', 'deno', 'node'],
    needsRestart: true,
    default: false,
    instead: 'run sluice on one of those, or give each process a port of its own',
    help: 'Let several processes listen on the same port, each started with this flag: the system gives each new connection to one of them. Linux and FreeBSD only, and Node 23.1 or newer.',
  }),
  warmUp: boolean({
    where: ['bun', 'deno', 'node'],
    needsRestart: true,
    default: true,
    instead: 'leave it out: a runtime compiles code where requests run it',
    help: 'After the start, practise answering until that gets no faster, for up to a second of processor time, so that the first requests are not slow. It stops when a client asks for something, and shows in no metric, log or limit. A program that has registered an OpenTelemetry SDK gets none: it would be measured.',
  }),
}

/** Where a server listens, what it serves there, and where its errors are explained. */
export const network = { ...listening, ...page, ...docsUrl }
