import * as z from 'zod/mini'
import { choice, integer, text } from '../declaration.ts'
import { checkStateUrl, holdsPassword } from '../state-url.ts'

const shared = {
  where: ['bun', 'deno', 'node'],
  needsRestart: true,
  instead: 'run sluice on one of those; on Cloudflare, Durable Objects hold what instances share',
} as const

const urlSchema = (): z.ZodMiniType<string, string> => z.string().check(z.minLength(1))

/** What several instances share, and where. */
export const state = {
  state: {
    ...shared,
    kind: 'text' as const,
    schema: urlSchema,
    secretIn: holdsPassword,
    placeholder: 'URL',
    expected: 'the URL of a Redis server, such as redis://127.0.0.1:6379',
    help: 'The Redis server in which several instances share limits, streams and stored responses: redis://, rediss:// for TLS, redis+sentinel:// or redis+cluster://. Without it each instance has its own, in memory. A URL with a password has to come from the environment or the settings file.',
    read: checkStateUrl,
  },
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
