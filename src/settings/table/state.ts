import * as z from 'zod/mini'
import { choice, integer, text } from '../declaration.ts'
import { checkStateUrl, holdsPassword } from '../state-url.ts'

const shared = {
  where: ['bun', 'deno', 'node'],
  needsRestart: true,
  instead: 'run sluice on one of those; on Cloudflare, Durable Objects hold what instances share',
} as const

/** Roughly: what exactly a URL may be is said by the function that reads it. */
const FORM = /^(objects$|[rR][eE][dD][iI][sS][sS]?[+:])/

const urlSchema = (): z.ZodMiniType<string, string> => z.string().check(z.regex(FORM))

/** What several instances share, and where. */
export const state = {
  state: {
    ...shared,
    where: ['bun', 'deno', 'node', 'workerd'] as const,
    kind: 'text' as const,
    schema: urlSchema,
    secretIn: holdsPassword,
    placeholder: 'URL',
    expected: 'the URL of a Redis server, such as redis://127.0.0.1:6379',
    help: 'The Redis server in which several instances share limits, streams and stored responses: redis://, rediss:// for TLS, redis+sentinel:// or redis+cluster://. Without it each instance has its own, in memory. On workerd: objects, to keep them in a folder. A URL with a password has to come from the environment or the settings file.',
    read: checkStateUrl,
  },
  stateFolder: text({
    where: ['workerd'],
    needsRestart: true,
    instead: 'run sluice on workerd, or give --state the URL of a Redis server',
    placeholder: 'FOLDER',
    expected: 'the path of a folder',
    help: 'The folder in which workerd keeps limits, streams and stored responses where --state is objects. By default sluice/objects in $XDG_STATE_HOME; where that variable is not set, below ~/.local/state. One process at a time may use it.',
  }),
  stateCa: text({
    ...shared,
    placeholder: 'FILE',
    expected: 'the path of a PEM file with certificates',
    help: 'A PEM file with the certificates of the authorities to trust for --state by TLS, instead of those that the runtime trusts.',
  }),
  stateFailure: choice(['local', 'open', 'closed'], {
    ...shared,
    default: 'local',
    placeholder: 'WORD',
    help: 'What happens to limits while the store of --state is away. local: each instance allows its share, by the number of instances seen last; open: everything is allowed; closed: requests are refused with 503.',
  }),
  stateInstances: integer({
    ...shared,
    min: 1,
    max: 10_000,
    placeholder: 'N',
    help: 'Among how many instances a limit is divided while the store of --state is away. By default as many as were seen last.',
  }),
}
