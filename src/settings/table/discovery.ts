import { boolean, servers } from '../declaration.ts'

/** Servers that are found rather than named. */
export const discovery = {
  discover: boolean({
    where: [...servers, 'worker'],
    help: 'Look for well-known servers on this machine. By default only if no upstream and no recording is given.',
  }),
}
