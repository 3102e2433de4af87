import { choice } from '../declaration.ts'

/** What is written about requests. */
export const logging = {
  log: choice(['auto', 'text', 'json', 'none'], {
    default: 'auto',
    needsRestart: true,
    placeholder: 'FORMAT',
    help: 'The format of the log, which has one line for each request; auto is text on a terminal and JSON elsewhere.',
  }),
}
