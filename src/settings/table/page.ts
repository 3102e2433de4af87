import { boolean, servers } from '../declaration.ts'

export const page = {
  page: boolean({
    where: [...servers, 'worker'],
    needsRestart: true,
    default: true,
    help: 'Serve the page at /, where people chat and see what runs. Without it, / is what /status shows, and `npm start` does not build the page.',
  }),
}
